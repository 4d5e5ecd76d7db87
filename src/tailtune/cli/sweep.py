"""`tailtune sweep`."""

from typing import Annotated, Final

from cyclopts import Parameter

from tailtune.cli.experimenting import AS_USUAL, Experimenting, asked
from tailtune.cli.options import AS_CONFIGURED, AS_TEXT, Output, Selection, find_config
from tailtune.cli.progress import showing
from tailtune.cli.terminal import emit
from tailtune.errors import UsageError
from tailtune.model.verdict import Metric

_DECIDING: Final = [Metric.CPU_PER_REQUEST, Metric.P99]


def sweep(
    *factors: str,
    baseline: str = "base",
    grid: Annotated[bool, Parameter(negative="")] = False,
    resume: str | None = None,
    because: str = "",
    experimenting: Experimenting = AS_USUAL,
    selection: Selection = AS_CONFIGURED,
    output: Output = AS_TEXT,
) -> None:
    """Try levels of one setting or several, each paired with the baseline in the same epochs.

    All levels are judged together, so that the best of many is not the luckiest. A level ends when CPU per
    request and p99 are decided for it, or when the budget cannot decide them.

    Parameters
    ----------
    factors
        `NAME=LEVEL,LEVEL,...`: a knob, as `tailtune knobs` lists them, or a setting of a variant such as `env.NAME`.
        Levels that hold commas stand between semicolons.
    baseline
        The variant to start from.
    grid
        Try every combination of levels, rather than each level by itself.
    resume
        In place of factors: continue this sweep.
    because
        The hypothesis, kept with the experiment.
    """
    if bool(factors) is (resume is not None):
        raise UsageError("name factors or --resume", hint="`tailtune sweep gogc=50,100,200`")
    path = find_config(selection.config).resolve()

    from tailtune.lab.sweep import sweep as measure
    from tailtune.show.text.sweep import sweep_result

    with showing(output) as progress:
        if resume is not None:
            from tailtune.lab.sweep import resume as go_on

            result = go_on(path.parent, resume, experimenting.epochs, experimenting.budget, progress)
        else:
            wanted = asked(experimenting, selection, _DECIDING, because, [])
            result = measure(path.parent, path, baseline, factors, grid, wanted, progress)
    emit(result, sweep_result, output)
