"""`tailtune load`."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Final

from cyclopts import Parameter

from tailtune.cli.exits import exit_of_load
from tailtune.cli.options import AS_TEXT, DurationOption, Output, Positive
from tailtune.cli.progress import showing
from tailtune.cli.terminal import emit
from tailtune.model.units import Duration
from tailtune.model.workload import Arrival

_TEN_SECONDS: Final = Duration(10_000_000_000)


@Parameter(name="*")
@dataclass(frozen=True, kw_only=True)
class Sending:
    """What is sent, how often and for how long."""

    rate: Annotated[float, Parameter(name=["--rate", "-r"]), Positive] = 100.0
    """Requests per second."""
    duration: Annotated[DurationOption, Parameter(name=["--duration", "-d"])] = _TEN_SECONDS
    """How long to send."""
    arrival: Arrival = Arrival.POISSON
    """Poisson: independent users. Constant: equal gaps, which understates queues."""
    seed: int = 1
    """Fixes every intended start; the same seed gives the same schedule on every machine."""
    method: Annotated[str, Parameter(name=["--method", "-X"])] = "GET"
    """HTTP method."""
    header: Annotated[list[str] | None, Parameter(name=["--header", "-H"], negative="")] = None
    """`Name: value`; may be repeated."""
    body: str | None = None
    """Body of each request; `@FILE` reads it from a file."""
    timeout: DurationOption = _TEN_SECONDS
    """When a request without a complete answer counts as timed out."""
    max_connections: Annotated[int, Positive] = 256
    """Cap of the connection pool; beyond it requests wait in the client, visibly."""
    expected_status: int = 200
    """Any other status counts as an error."""


_AS_IT_IS: Final = Sending()


def load(
    url: str,
    /,
    *,
    sending: Sending = _AS_IT_IS,
    save: Annotated[bool, Parameter(negative="", show_default=False)] = False,
    output: Output = AS_TEXT,
) -> int:
    """Send open-loop load to a running HTTP service and print latency from the intended start.

    Usable in place of wrk2 or oha. The schedule is fixed by its seed before anything is sent; how well it was
    kept is printed with the result. Exits 103 if it was not kept, 4 if no request was answered.

    Parameters
    ----------
    url
        http://host[:port]/path of the service.
    save
        Keep a recording under `.tailtune/`.
    """
    body = _read_body(sending.body)

    from tailtune.lab.load import load as send
    from tailtune.show.text.load import load_result

    with showing(output) as progress:
        result = send(
            url,
            rate=sending.rate,
            duration=sending.duration,
            arrival=sending.arrival,
            seed=sending.seed,
            method=sending.method,
            headers=sending.header or [],
            body=body,
            timeout=sending.timeout,
            max_connections=sending.max_connections,
            expected_status=sending.expected_status,
            save=save,
            progress=progress,
        )
    emit(result, load_result, output)
    return exit_of_load(result.report)


def _read_body(body: str | None) -> str | None:
    if body is None or not body.startswith("@"):
        return body
    from tailtune.errors import UsageError

    try:
        return Path(body[1:]).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"--body {body}: the file cannot be read: {error}") from error
