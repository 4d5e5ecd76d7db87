"""`tailtune load`."""

from dataclasses import dataclass
from typing import Annotated, Final

from cyclopts import Group, Parameter

from tailtune.cli.exits import exit_of_conditions
from tailtune.cli.live import showing_load
from tailtune.cli.options import AS_TEXT, Charts, FailIf, Output
from tailtune.cli.sending import AS_IT_IS, Sending
from tailtune.cli.terminal import emit_fitting

_RESULT: Final = Group("Result", sort_key=50)


@Parameter(name="*", group=_RESULT)
@dataclass(frozen=True, kw_only=True)
class Wanted:
    """What comes out besides the page on stdout."""

    fail_if: FailIf = None
    """Condition that fails the load, such as 'p99 > 5ms', 'search.p99.9 > 20ms', 'errors > 0.1%', 'rate < 950' or
    'lag p99 > 1ms'; may be repeated. Exits 104 if one fails, 3 if one cannot be decided."""
    output: Annotated[list[str] | None, Parameter(name=["--output", "-o"], negative="")] = None
    """File to write as well: .json, .ndjson or .csv (seconds), .hlog, .hdr, .prom, .parquet or requests.csv (request
    log), or FORMAT:FILE; may be repeated."""
    charts: Charts = None
    """Draw the percentile curve and latency over time; by default where the terminal is high enough."""
    verbose: Annotated[bool, Parameter(name=["--verbose", "-v"], negative="", show_default=False)] = False
    """Without a terminal: a line a second in place of one every 10 seconds."""
    save: Annotated[bool, Parameter(negative="", show_default=False)] = False
    """Keep a recording under `.tailtune/`."""


_NOTHING_MORE: Final = Wanted()


def load(
    url: str,
    /,
    *,
    sending: Sending = AS_IT_IS,
    wanted: Wanted = _NOTHING_MORE,
    output: Output = AS_TEXT,
) -> int:
    """Send open-loop load to a running service and print latency from the intended start.

    Usable in place of wrk2 or oha. The schedule is fixed by its seed before anything is sent; how well it was
    kept is printed with the result. Exits 103 if it was not kept, 4 if no request was answered.

    Parameters
    ----------
    url
        Where: http://, https:// or h2c://host[:port]/path; http+unix://%2Fpath%2Fof%2Fsocket/path; grpc:// or
        grpcs://host:port; redis:// or rediss://host[:port]; tcp:// or tls://host:port.
    """
    from tailtune.lab.load import load as send
    from tailtune.show.text.load import load_result

    with showing_load(output, verbose=wanted.verbose) as progress:
        result = send(
            url,
            sending.wanted(),
            save=wanted.save,
            fail_if=wanted.fail_if or [],
            outputs=wanted.output or [],
            on_second=progress.second,
            progress=progress,
        )
    emit_fitting(result, lambda one, charts: load_result(one, charts=charts), output, wanted.charts)
    return exit_of_conditions(result.report, result.summary.conditions)
