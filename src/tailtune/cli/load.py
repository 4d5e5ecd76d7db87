"""`tailtune load`."""

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


def load(
    url: str,
    /,
    *,
    rate: Annotated[float, Parameter(name=["--rate", "-r"]), Positive] = 100.0,
    duration: Annotated[DurationOption, Parameter(name=["--duration", "-d"])] = _TEN_SECONDS,
    arrival: Arrival = Arrival.POISSON,
    seed: int = 1,
    method: Annotated[str, Parameter(name=["--method", "-X"])] = "GET",
    header: Annotated[list[str] | None, Parameter(name=["--header", "-H"], negative="")] = None,
    body: str | None = None,
    timeout: DurationOption = _TEN_SECONDS,
    max_connections: Annotated[int, Positive] = 256,
    expected_status: int = 200,
    save: bool = False,
    output: Output = AS_TEXT,
) -> int:
    """Send open-loop load to a running HTTP service and print latency from the intended start.

    Usable in place of wrk2 or oha. The schedule is fixed by its seed before anything is sent; how well it was
    kept is printed with the result. Exits 103 if it was not kept, 4 if no request was answered.

    Parameters
    ----------
    url
        http://host[:port]/path of the service.
    rate
        Requests per second.
    duration
        How long to send.
    arrival
        Poisson: independent users. Constant: equal gaps, which understates queues.
    seed
        Fixes every intended start; the same seed gives the same schedule on every machine.
    method
        HTTP method.
    header
        `Name: value`; may be repeated.
    body
        Body of each request; `@FILE` reads it from a file.
    timeout
        When a request without a complete answer counts as timed out.
    max_connections
        Cap of the connection pool; beyond it requests wait in the client, visibly.
    expected_status
        Any other status counts as an error.
    save
        Keep a recording under `.tailtune/`.
    """
    content = _read_body(body)

    from tailtune.lab.load import load as send
    from tailtune.show.text.load import load_result

    with showing(output) as progress:
        result = send(
            url,
            rate=rate,
            duration=duration,
            arrival=arrival,
            seed=seed,
            method=method,
            headers=header or [],
            body=content,
            timeout=timeout,
            max_connections=max_connections,
            expected_status=expected_status,
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
