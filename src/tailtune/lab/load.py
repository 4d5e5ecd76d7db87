"""`tailtune load`: the load engine alone, against a service that is already running."""

import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import msgspec

from tailtune.bundle.reader import Bundle
from tailtune.bundle.workspace import Workspace
from tailtune.errors import NothingMeasuredError, RunInterruptedError
from tailtune.judge.summary import summarize
from tailtune.lab.bench import open_bench
from tailtune.lab.fail_if import check_conditions
from tailtune.lab.live import OnSecond, Watch, connections_of
from tailtune.lab.load_files import wanted_files, write_files
from tailtune.lab.sending import Sending, Wanted, prepare
from tailtune.model.load import LoadReport
from tailtune.model.recording import Kind, Manifest, Phase
from tailtune.model.results import LoadResult
from tailtune.model.workload import Workload
from tailtune.record.engine.dialing import why_silent
from tailtune.record.engine.load import compile_workload, read_latency, read_requests
from tailtune.record.host.account import EngineHost
from tailtune.record.phases.bench import Bench, now_utc, scratch
from tailtune.record.ports import Progress


def load(
    url: str,
    wanted: Wanted,
    *,
    save: bool,
    progress: Progress,
    fail_if: Sequence[str] = (),
    outputs: Sequence[str] = (),
    on_second: OnSecond = lambda _: None,
) -> LoadResult:
    """Send load to `url` and sum up what was measured.

    Args:
        url: where to.
        wanted: what is sent.
        save: keep the recording under `.tailtune/` of the current folder.
        progress: told of phases.
        fail_if: conditions, judged with the summary.
        outputs: files to write, `FILE` or `FORMAT:FILE`.
        on_second: given each second while the load runs, with the self-checks that fail in it.

    Raises:
        UsageError: if the URL, an option, a condition or a file's name cannot be used.
        SetupError: if a file cannot be written.
        NothingMeasuredError: if no request was answered.
        RunInterruptedError: on Ctrl-C before anything was measured; otherwise the report says it was interrupted.
    """
    sending = prepare(url, wanted)
    conditions = check_conditions(fail_if, sending.workload)
    files = wanted_files(outputs)
    keep_requests = save or any(one.needs_requests for one in files)
    with _workspace(keep=save) as workspace:
        with open_bench(workspace.root, Kind.LOAD, progress, threads=wanted.threads, pacing=wanted.pacing) as bench:
            report = _play(bench, sending, on_second, keep_requests=keep_requests)
            manifest = msgspec.structs.replace(_manifest(bench, sending.workload, report), fail_if=conditions)
            recording = bench.writer.finish(manifest)
        bundle = Bundle.open(recording)
        if report.completed_requests == 0:
            raise _nothing(report, url, sending)
        result = LoadResult(
            bundle_id=bundle.id if save else "",
            path=str(bundle.path) if save else "",
            url=url,
            loop=report.loop_name,
            summary=summarize(bundle),
            report=report,
            written=[str(one.path) for one in files],
        )
        write_files(files, result, bundle)
    return result


@contextmanager
def _workspace(*, keep: bool) -> Iterator[Workspace]:
    """Give the current folder's workspace, or one that is gone afterwards."""
    if keep:
        yield Workspace(Path.cwd())
        return
    with tempfile.TemporaryDirectory(prefix="tailtune-") as folder:
        yield Workspace(Path(folder))


def _play(bench: Bench, sending: Sending, on_second: OnSecond, *, keep_requests: bool) -> LoadReport:
    """Play the workload and put what the engine saw into the recording; Ctrl-C ends the play early."""
    workload, endpoint = sending.workload, sending.endpoint
    with scratch() as folder:
        schedule, output = folder / "load.schedule", folder / "output"
        compile_workload(workload, sending.root, schedule)
        output.mkdir()
        bench.progress.phase(Phase.MEASURE, f"{workload.duration}, {workload.demand}")
        host = EngineHost(bench.layout.engine)
        watch = Watch(workload, bench.layout.engine, bench.progress, on_second)
        report = bench.engine.play(schedule, endpoint, output, watch, lambda: None)
        report = msgspec.structs.replace(
            report, host=host.account(), max_connections=report.max_connections or connections_of(workload)
        )
        latency = read_latency(output, Phase.MEASURE)
        bench.writer.add_table("latency", latency)
        keep = partial(bench.writer.add_table, "requests") if keep_requests else None
        bench.writer.add_table("outcomes", read_requests(output, Phase.MEASURE, report.started_ns, keep))
    return bench.check_load(report, latency)


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


def _nothing(report: LoadReport, url: str, sending: Sending) -> NothingMeasuredError | RunInterruptedError:
    if report.interrupted:
        return RunInterruptedError("interrupted before any request was answered")
    tried = sum(one.requests for one in report.operations)
    why, helps = why_silent(sending.endpoint, sending.workload.protocol)
    return NothingMeasuredError(f"none of {tried:,} requests to {url} was answered: {why}", hint=helps)
