"""`tailtune compare`."""

from typing import Annotated, Final

from cyclopts import Parameter

from tailtune.cli.exits import FailOn, exit_of_comparison
from tailtune.cli.options import AS_TEXT, ConfigOption, DurationOption, Output, Positive, find_config
from tailtune.cli.progress import showing
from tailtune.cli.terminal import emit
from tailtune.model.units import Duration

_SLICE: Final = Duration(3_000_000_000)


def compare(
    baseline: str,
    candidate: str,
    /,
    *,
    workload: Annotated[str | None, Parameter(name=["--workload", "-w"])] = None,
    epochs: Annotated[int, Positive] = 8,
    slice_duration: DurationOption = _SLICE,
    slices: Annotated[int, Positive] = 4,
    rate: Annotated[float | None, Positive] = None,
    seed: int | None = None,
    fail_on: Annotated[list[FailOn] | None, Parameter(negative="")] = None,
    config: ConfigOption = None,
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
    workload
        Name of the workload; needed when there are several and none is called `default`.
    epochs
        Restarts of both variants, the units of the verdict; at least 6.
    slice_duration
        Length of one slice of load.
    slices
        Slices of an epoch, both variants together; a multiple of four.
    rate
        Requests per second, in place of the workload's.
    seed
        Seed of the schedules and of the random order, in place of the workload's.
    fail_on
        `regression`: exit 100 if any metric regressed. `inconclusive`: exit 3 if CPU per request, p50 or p99
        is undecided. May be repeated.
    config
        Configuration file; found upwards from here by default.
    """
    path = find_config(config).resolve()

    from tailtune.lab.compare import compare as judge
    from tailtune.show.text.compare import compare_result

    with showing(output) as progress:
        result = judge(
            path.parent,
            path,
            baseline,
            candidate,
            workload=workload,
            epochs=epochs,
            slice_duration=slice_duration,
            slices=slices,
            rate=rate,
            seed=seed,
            progress=progress,
        )
    emit(result, compare_result, output)
    return exit_of_comparison(result.comparison, fail_on or [])
