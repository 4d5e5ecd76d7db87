"""`tailtune run`."""

from typing import Annotated

from cyclopts import Parameter

from tailtune.cli.exits import exit_of_load
from tailtune.cli.options import AS_TEXT, ConfigOption, DurationOption, Output, Positive, find_config
from tailtune.cli.progress import showing
from tailtune.cli.terminal import emit
from tailtune.errors import EXIT_OK


def run(
    *,
    workload: Annotated[str | None, Parameter(name=["--workload", "-w"])] = None,
    variant: str = "base",
    duration: DurationOption | None = None,
    rate: Annotated[float | None, Positive] = None,
    seed: int | None = None,
    diagnose: bool = True,
    config: ConfigOption = None,
    output: Output = AS_TEXT,
) -> int:
    """Build, start, warm up, measure, diagnose and stop the service once; store a recording.

    Prints percentiles with intervals, CPU per request and validity. Exits 103 if the load may not be used.

    Parameters
    ----------
    workload
        Name of the workload; needed when there are several and none is called `default`.
    variant
        Name of the variant; `base` is the service as it is.
    duration
        Length of the measure window, in place of the workload's, such as 20s.
    rate
        Requests per second, in place of the workload's.
    seed
        Seed of the schedule, in place of the workload's.
    diagnose
        Whether to record a second window with the costlier collectors, for `tailtune explain`.
    config
        Configuration file; found upwards from here by default.
    """
    path = find_config(config).resolve()

    from tailtune.lab.run import run as measure
    from tailtune.show.text.run import run_result

    with showing(output) as progress:
        result = measure(
            path.parent,
            path,
            workload=workload,
            variant=variant,
            duration=duration,
            rate=rate,
            seed=seed,
            diagnose=diagnose,
            progress=progress,
        )
    emit(result, run_result, output)
    return exit_of_load(result.manifest.load) if result.manifest.load else EXIT_OK
