"""`tailtune run`."""

from tailtune.cli.exits import exit_of_conditions
from tailtune.cli.options import AS_CONFIGURED, AS_TEXT, Charts, DurationOption, FailIf, Output, Selection, find_config
from tailtune.cli.progress import showing
from tailtune.cli.terminal import emit_fitting


def run(
    *,
    variant: str = "base",
    duration: DurationOption | None = None,
    diagnose: bool = True,
    instrument: bool = False,
    simulate_caches: bool = False,
    fail_if: FailIf = None,
    charts: Charts = None,
    selection: Selection = AS_CONFIGURED,
    output: Output = AS_TEXT,
) -> int:
    """Build, start, warm up, measure, diagnose and stop the service once; store a recording.

    Prints percentiles with intervals, CPU per request and validity. Exits 103 if the load may not be used.

    Parameters
    ----------
    variant
        What to measure: a variant of tailtune.toml, `base`, a commit, branch or tag, a patch file, an executable, or
        one of these with settings, such as `main+gogc=400`; docs/variants.md lists them.
    duration
        Length of the measure window, in place of the workload's, such as 20s.
    fail_if
        Condition that fails the run, such as 'p99 > 5ms' or 'errors > 0.1%', as for `tailtune load`; may be repeated.
        Exits 104 if one fails, 3 if one cannot be decided.
    charts
        Draw the percentile curve and latency over time; by default where the terminal is high enough.
    diagnose
        Whether to record a second window with the costlier collectors, for `tailtune explain`.
    instrument
        Switch on profiling that costs something. Go: block and mutex profiles, by a file added to the build alone.
        Rust and commands: sampled allocations, by a preloaded jemalloc. The figures are then not those of the service
        as it is, and the run says so.
    simulate_caches
        Start the service once more behind the windows, in valgrind on simulated caches, for some requests: `explain`
        then tells where data are laid out so that caches miss. Takes up to some minutes; needs valgrind.
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
            instrument=instrument,
            simulate_caches=simulate_caches,
            progress=progress,
            fail_if=fail_if or [],
        )
    emit_fitting(result, lambda one, drawn: run_result(one, charts=drawn), output, charts)
    return exit_of_conditions(result.manifest.load, result.summary.conditions)
