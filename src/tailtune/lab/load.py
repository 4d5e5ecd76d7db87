"""`tailtune load`: the load engine alone, against a service that is already running."""

import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tailtune.bundle.reader import Bundle
from tailtune.bundle.workspace import Workspace
from tailtune.errors import NothingMeasuredError, RunInterruptedError
from tailtune.judge.summary import summarize
from tailtune.lab.bench import open_bench
from tailtune.lab.sending import Sending, Wanted, prepare
from tailtune.model.load import LoadReport
from tailtune.model.recording import Kind, Manifest, Phase
from tailtune.model.results import LoadResult
from tailtune.model.workload import Workload
from tailtune.record.engine.load import compile_workload, read_output
from tailtune.record.phases.bench import Bench, now_utc, scratch
from tailtune.record.ports import Interval, Progress


def load(url: str, wanted: Wanted, *, save: bool, progress: Progress) -> LoadResult:
    """Send open-loop load to `url` and sum up what was measured.

    With `save` the recording is kept under `.tailtune/` of the current folder.

    Raises:
        UsageError: if the URL or an option cannot be used.
        NothingMeasuredError: if no request was answered.
        RunInterruptedError: on Ctrl-C before anything was measured; otherwise the report says it was interrupted.
    """
    sending = prepare(url, wanted)
    with _workspace(keep=save) as workspace:
        with open_bench(workspace.root, Kind.LOAD, progress) as bench:
            report = _play(bench, sending)
            recording = bench.writer.finish(_manifest(bench, sending.workload, report))
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


@contextmanager
def _workspace(*, keep: bool) -> Iterator[Workspace]:
    """Give the current folder's workspace, or one that is gone afterwards."""
    if keep:
        yield Workspace(Path.cwd())
        return
    with tempfile.TemporaryDirectory(prefix="tailtune-") as folder:
        yield Workspace(Path(folder))


def _play(bench: Bench, sending: Sending) -> LoadReport:
    """Play the workload and put what the engine saw into the recording; Ctrl-C ends the play early."""
    workload, endpoint = sending.workload, sending.endpoint

    def on_interval(one: Interval) -> None:
        bench.progress.advance(
            one.index + one.seconds, workload.duration.seconds, f"{one.completed / one.seconds:.0f} requests/s"
        )

    with scratch() as folder:
        schedule, output = folder / "load.schedule", folder / "output"
        compile_workload(workload, sending.root, schedule)
        output.mkdir()
        bench.progress.phase(Phase.MEASURE, f"{workload.duration} at {workload.mean_rate_per_s:g} requests/s")
        report = bench.engine.play(schedule, endpoint.port, output, on_interval, lambda: None, host=endpoint.host)
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
