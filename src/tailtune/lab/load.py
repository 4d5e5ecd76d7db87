"""`tailtune load`: the load engine alone, against a service that is already running."""

import socket
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from tailtune.bundle.reader import Bundle
from tailtune.bundle.workspace import Workspace
from tailtune.errors import NothingMeasuredError, RunInterruptedError, UsageError
from tailtune.judge.summary import summarize
from tailtune.lab.bench import open_bench
from tailtune.model.load import LoadReport
from tailtune.model.recording import Kind, Manifest, Phase
from tailtune.model.results import LoadResult
from tailtune.model.units import Duration
from tailtune.model.workload import Arrival, Operation, Workload
from tailtune.record.engine.load import compile_workload, read_output
from tailtune.record.phases.bench import Bench, now_utc, scratch
from tailtune.record.ports import Interval, Progress

_HTTP_PORT: Final = 80


def load(
    url: str,
    *,
    rate: float,
    duration: Duration,
    arrival: Arrival,
    seed: int,
    method: str,
    headers: list[str],
    body: str | None,
    timeout: Duration,
    max_connections: int,
    expected_status: int,
    save: bool,
    progress: Progress,
) -> LoadResult:
    """Send open-loop load to `url` and sum up what was measured.

    With `save` the recording is kept under `.tailtune/` of the current folder.

    Raises:
        UsageError: if the URL or a header cannot be used.
        NothingMeasuredError: if no request was answered.
        RunInterruptedError: on Ctrl-C before anything was measured; otherwise the report says it was interrupted.
    """
    host, port, path = _parse(url)
    operation = Operation(
        name="load",
        path=path,
        method=method,
        headers={"Host": urlsplit(url).netloc} | _headers(headers),
        body=body,
        expected_status=expected_status,
        timeout=timeout,
    )
    workload = Workload(
        operations=[operation],
        rate_per_s=rate,
        arrival=arrival,
        duration=duration,
        seed=seed,
        max_connections=max_connections,
    )
    with _workspace(keep=save) as workspace:
        with open_bench(workspace.root, Kind.LOAD, progress) as bench:
            report = _play(bench, workload, host, port)
            recording = bench.writer.finish(_manifest(bench, workload, report))
        bundle = Bundle.open(recording)
        if report.completed_requests == 0:
            raise _nothing(report, url)
        return LoadResult(
            bundle_id=bundle.id if save else "",
            path=str(bundle.path) if save else "",
            url=url,
            summary=summarize(bundle),
            report=report,
        )


def _parse(url: str) -> tuple[str, int, str]:
    """Split an URL into IP address, port, and path with query."""
    try:
        parts = urlsplit(url if "://" in url else f"http://{url}")
        port = parts.port or _HTTP_PORT
    except ValueError as error:
        raise UsageError(f"{url}: {error}", hint="write http://host:port/path") from None
    if parts.scheme != "http" or not parts.hostname:
        raise UsageError(f"{url}: only http://host[:port]/path can be loaded", hint="HTTP/1.1 over TCP, so far")
    return _resolve(parts.hostname), port, (parts.path or "/") + (f"?{parts.query}" if parts.query else "")


def _resolve(host: str) -> str:
    """Return the address of a host, version 4 if it has one."""
    try:
        found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except OSError as error:
        raise UsageError(f"{host} cannot be resolved: {error.strerror}", hint="is the name right?") from None
    addresses = sorted(found, key=lambda one: one[0] is not socket.AF_INET)
    return str(addresses[0][4][0])


def _headers(lines: list[str]) -> dict[str, str]:
    headers = {}
    for line in lines:
        name, colon, value = line.partition(":")
        if not colon or not name.strip():
            raise UsageError(f"--header {line!r} is not a header", hint="write 'Name: value'")
        headers[name.strip()] = value.strip()
    return headers


@contextmanager
def _workspace(*, keep: bool) -> Iterator[Workspace]:
    """Give the current folder's workspace, or one that is gone afterwards."""
    if keep:
        yield Workspace(Path.cwd())
        return
    with tempfile.TemporaryDirectory(prefix="tailtune-") as folder:
        yield Workspace(Path(folder))


def _play(bench: Bench, workload: Workload, host: str, port: int) -> LoadReport:
    """Play the workload and put what the engine saw into the recording; Ctrl-C ends the play early."""

    def on_interval(one: Interval) -> None:
        bench.progress.advance(
            one.index + one.seconds, workload.duration.seconds, f"{one.completed / one.seconds:.0f} requests/s"
        )

    with scratch() as folder:
        schedule, output = folder / "load.schedule", folder / "output"
        compile_workload(workload, Path.cwd(), schedule)
        output.mkdir()
        bench.progress.phase(Phase.MEASURE, f"{workload.duration} at {workload.rate_per_s:g} requests/s")
        report = bench.engine.play(schedule, port, output, on_interval, lambda: None, host=host)
        tables = read_output(output, Phase.MEASURE)
    for name, table in tables.items():
        bench.writer.add_table(name, table)
    return bench.check_load(report, tables["latency"])


def _manifest(bench: Bench, workload: Workload, report: LoadReport) -> Manifest:
    return Manifest(
        id=bench.writer.id,
        kind=Kind.LOAD,
        created_utc=now_utc(),
        command=sys.argv,
        environment=bench.environment,
        workload_name="load",
        workload=workload,
        schedule_sha256=report.schedule_sha256,
        seed=workload.seed,
        layout=bench.layout,
        load=report,
        partial=report.interrupted,
        failure="interrupted during measure" if report.interrupted else "",
    )


def _nothing(report: LoadReport, url: str) -> NothingMeasuredError | RunInterruptedError:
    if report.interrupted:
        return RunInterruptedError("interrupted before any request was answered")
    refused = sum(one.connection_errors for one in report.operations)
    return NothingMeasuredError(
        f"none of {report.scheduled_requests} requests to {url} was answered ({refused} connection errors)",
        hint="is the service listening there?",
    )
