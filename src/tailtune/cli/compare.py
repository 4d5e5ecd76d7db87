"""`tailtune compare`."""

from typing import Annotated, Final

from cyclopts import Parameter

from tailtune.cli.exits import FailOn, exit_of_comparison
from tailtune.cli.options import AS_CONFIGURED, AS_TEXT, DurationOption, Output, Positive, Selection, find_config
from tailtune.cli.progress import showing
from tailtune.cli.terminal import emit
from tailtune.errors import UsageError
from tailtune.model.units import Duration

_SLICE: Final = Duration(3_000_000_000)


def compare(
    baseline: str,
    candidate: str | None = None,
    /,
    *,
    instrument: bool = False,
    epochs: Annotated[int, Positive] = 8,
    slice_duration: DurationOption = _SLICE,
    slices: Annotated[int, Positive] = 4,
    fail_on: Annotated[list[FailOn] | None, Parameter(negative="")] = None,
    selection: Selection = AS_CONFIGURED,
    output: Output = AS_TEXT,
) -> int:
    """Compare two variants in a paired experiment and give a verdict for each metric.

    Both variants are restarted in each epoch and measured in adjacent slices on the same schedule. Exits 0
    whatever the verdict, unless --fail-on asks otherwise: 100 for a regression, 3 for no decision.

    Parameters
    ----------
    baseline
        Name of the variant to compare with; `base` is the service as it is.
    candidate
        Name of the variant to judge.
    instrument
        In place of a candidate: judge the baseline with profiling switched on as by `tailtune run --instrument`, which
        tells what that costs.
    epochs
        Restarts of both variants, the units of the verdict; at least 6.
    slice_duration
        Length of one slice of load.
    slices
        Slices of an epoch, both variants together; a multiple of four.
    fail_on
        `regression`: any metric regressed. `inconclusive`: CPU per request, p50 or p99 is undecided. Repeatable.
    """
    if (candidate is None) is not instrument:
        raise UsageError("name either a candidate or --instrument", hint="`tailtune compare base CANDIDATE`")
    path = find_config(selection.config).resolve()

    from tailtune.lab.compare import compare as judge
    from tailtune.show.text.compare import compare_result

    with showing(output) as progress:
        result = judge(
            path.parent,
            path,
            baseline,
            candidate,
            workload=selection.workload,
            epochs=epochs,
            slice_duration=slice_duration,
            slices=slices,
            rate=selection.rate,
            seed=selection.seed,
            progress=progress,
        )
    emit(result, compare_result, output)
    return exit_of_comparison(result.comparison, fail_on or [])
