"""`tailtune compare`."""

from typing import Annotated

from cyclopts import Parameter

from tailtune.cli.exits import FailOn, exit_of_comparison
from tailtune.cli.experimenting import AS_USUAL, Experimenting, asked
from tailtune.cli.options import AS_CONFIGURED, AS_TEXT, Output, Selection, find_config
from tailtune.cli.progress import showing
from tailtune.cli.terminal import emit
from tailtune.errors import UsageError
from tailtune.model.verdict import PRIMARY


def compare(
    baseline: str | None = None,
    candidate: str | None = None,
    /,
    *,
    instrument: bool = False,
    resume: str | None = None,
    because: str = "",
    expect: Annotated[list[str] | None, Parameter(negative="")] = None,
    fail_on: Annotated[list[FailOn] | None, Parameter(negative="")] = None,
    experimenting: Experimenting = AS_USUAL,
    selection: Selection = AS_CONFIGURED,
    output: Output = AS_TEXT,
) -> int:
    """Compare two variants in a paired experiment and give a verdict for each metric.

    Both variants are restarted in each epoch and measured in adjacent slices on the same schedule. It ends as soon as
    CPU per request, p50 and p99 are decided, or at its budget. Exits 0 whatever the verdict, unless --fail-on
    asks otherwise: 100 for a regression, 3 for no decision.

    Parameters
    ----------
    baseline
        What to compare with: a variant of tailtune.toml, `base`, a commit, branch or tag, a patch file, an executable,
        or one of these with settings, such as `main+gogc=400`; docs/variants.md lists them.
    candidate
        What to judge, named likewise.
    instrument
        In place of a candidate: judge the baseline with profiling switched on as by `tailtune run --instrument`, which
        tells what that costs.
    resume
        In place of variants: continue this experiment, after an interruption or for more epochs than were planned.
    because
        The hypothesis, kept with the experiment.
    expect
        What the hypothesis expects, for example 'p99 < -5%'. Repeatable.
    fail_on
        `regression`: a metric regressed, by a rule that holds for CPU per request, p50 and p99 together.
        `inconclusive`: CPU per request, p50 or p99 is undecided. Repeatable.
    """
    _check(baseline, candidate, instrument, resume)
    path = find_config(selection.config).resolve()

    from tailtune.lab.compare import compare as judge
    from tailtune.show.text.compare import compare_result

    with showing(output) as progress:
        if resume is not None or baseline is None:
            from tailtune.lab.resume import resume as go_on

            result = go_on(path.parent, resume or "latest", experimenting.epochs, experimenting.budget, progress)
        else:
            wanted = asked(experimenting, selection, PRIMARY, because, expect or [])
            result = judge(path.parent, path, baseline, candidate, wanted, progress)
    emit(result, compare_result, output)
    return exit_of_comparison(result.comparison, fail_on or [])


def _check(baseline: str | None, candidate: str | None, instrument: bool, resume: str | None) -> None:
    if resume is None and (baseline is None or (candidate is None) is not instrument):
        raise UsageError(
            "name a baseline and either a candidate or --instrument",
            hint="`tailtune compare base CANDIDATE`, or `tailtune compare --resume EXPERIMENT`",
        )
    if resume is not None and baseline is not None:
        raise UsageError("--resume takes the variants that the experiment was begun with", hint="leave them out")
