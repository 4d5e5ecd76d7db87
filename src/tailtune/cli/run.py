"""`tailtune run`."""

from tailtune.cli.exits import exit_of_load
from tailtune.cli.options import AS_CONFIGURED, AS_TEXT, DurationOption, Output, Selection, find_config
from tailtune.cli.progress import showing
from tailtune.cli.terminal import emit
from tailtune.errors import EXIT_OK


def run(
    *,
    variant: str = "base",
    duration: DurationOption | None = None,
    diagnose: bool = True,
    selection: Selection = AS_CONFIGURED,
    output: Output = AS_TEXT,
) -> int:
    """Build, start, warm up, measure, diagnose and stop the service once; store a recording.

    Prints percentiles with intervals, CPU per request and validity. Exits 103 if the load may not be used.

    Parameters
    ----------
    variant
        Name of the variant; `base` is the service as it is.
    duration
        Length of the measure window, in place of the workload's, such as 20s.
    diagnose
        Whether to record a second window with the costlier collectors, for `tailtune explain`.
    """
    path = find_config(selection.config).resolve()

    from tailtune.lab.run import run as measure
    from tailtune.show.text.run import run_result

    with showing(output) as progress:
        result = measure(
            path.parent,
            path,
            workload=selection.workload,
            variant=variant,
            duration=duration,
            rate=selection.rate,
            seed=selection.seed,
            diagnose=diagnose,
            progress=progress,
        )
    emit(result, run_result, output)
    return exit_of_load(result.manifest.load) if result.manifest.load else EXIT_OK
