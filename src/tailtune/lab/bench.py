"""Puts together what a recording needs: engine, writer, machine, and the judgements that recording must not make."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec
import pyarrow as pa

from tailtune import config as configuration
from tailtune.bundle.workspace import Workspace
from tailtune.bundle.writer import BundleWriter
from tailtune.errors import UsageError
from tailtune.judge.histograms import total
from tailtune.judge.steady import steady
from tailtune.judge.validity import assess
from tailtune.model.load import LoadReport, Pacing
from tailtune.model.project import Project
from tailtune.model.recording import CpuLayout, Kind, Manifest
from tailtune.model.workload import Arrival, Workload
from tailtune.record.engine.load import EngineProcess
from tailtune.record.host.local import LocalHost
from tailtune.record.phases.bench import Bench
from tailtune.record.ports import Progress


@contextmanager
def open_bench(
    root: Path, kind: Kind, progress: Progress, *, threads: int = 1, pacing: Pacing = Pacing.AUTO
) -> Iterator[Bench]:
    """Prepare the tools for one recording of the project at `root`; the engine ends with the block.

    Args:
        root: Directory of the project.
        kind: What is recorded.
        progress: Told of phases.
        threads: Threads of the engine, each on a CPU of its own.
        pacing: How closely it keeps intended starts.

    Raises:
        RecordingError: if the project's `.tailtune` cannot be written.
        SetupError: if the engine cannot be started.
    """
    with BundleWriter.create(Workspace(root), kind) as writer, _bench(root, writer, progress, threads, pacing) as bench:
        yield bench


@contextmanager
def continued_bench(root: Path, path: Path, progress: Progress) -> Iterator[tuple[Bench, Manifest]]:
    """Prepare the tools to continue the recording in the directory `path`; also give what it held so far.

    Raises:
        RecordingError: if it is damaged, somebody else is at it, or the project's `.tailtune` cannot be written.
        SetupError: if the engine cannot be started.
    """
    writer, manifest = BundleWriter.resume(Workspace(root), path)
    with writer, _bench(root, writer, progress, 1, Pacing.AUTO) as bench:
        yield bench, manifest


@contextmanager
def _bench(root: Path, writer: BundleWriter, progress: Progress, threads: int, pacing: Pacing) -> Iterator[Bench]:
    host = LocalHost()
    layout = host.layout()
    engine = EngineProcess(cpus=_engine_cpus(layout, threads), pacing=pacing, threads=threads)
    try:
        yield Bench(
            engine=engine,
            writer=writer,
            environment=host.environment(root),
            layout=layout,
            steady=steady,
            check_load=check_load,
            progress=progress,
        )
    finally:
        engine.close()


def _engine_cpus(layout: CpuLayout, threads: int) -> list[int]:
    """Return a CPU for each thread: the engine's own first, then others.

    Raises:
        UsageError: if there are not so many.
    """
    known = list(dict.fromkeys([*layout.engine, *layout.service]))
    if threads > max(len(known), 1):
        raise UsageError(
            f"{threads} threads need as many CPUs, and there are {len(known)}", hint=f"--threads {len(known)} at most"
        )
    return known[:threads]


def check_load(report: LoadReport, latency: pa.Table) -> LoadReport:
    """Judge the engine's account of a window by its rows of the table `latency`."""
    return assess(report, total(latency))


def check_takes_rate(workload: Workload) -> None:
    """Refuse a rate where something else decides when requests are sent.

    Raises:
        UsageError: in a closed loop and for a trace.
    """
    if workload.arrival is Arrival.CLOSED:
        raise UsageError(
            "--rate: in a closed loop the answers decide how many requests are sent",
            hint="leave it out: more or fewer connections change the load",
        )
    if not workload.takes_rate:
        raise UsageError(
            "--rate: a trace is sent at the times that it holds",
            hint="leave it out; `speed` in the workload's `trace` replays faster or slower",
        )


def choose_workload(project: Project, name: str | None, rate_per_s: float | None) -> tuple[str, Workload]:
    """Return the workload asked for and its name, at the rate asked for.

    Raises:
        UsageError: if there is no such workload, or it takes no rate.
    """
    chosen = name or configuration.default_workload(project)
    workload = configuration.workload(project, chosen)
    if rate_per_s is not None:
        check_takes_rate(workload)
        workload = msgspec.structs.replace(workload, rate_per_s=rate_per_s, profile=[])
    return chosen, workload
