"""A place to play loads of which the result is known: an engine, and what it reported and logged of each play."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import msgspec
import numpy as np
import pyarrow as pa

from tailtune.judge.queueing import Times
from tailtune.lab.bench import check_load
from tailtune.model.endpoint import Endpoint
from tailtune.model.load import LoadReport
from tailtune.model.units import Duration
from tailtune.model.workload import Arrival, Operation, Workload
from tailtune.record.engine.load import EngineProcess, compile_workload, read_output
from tailtune.record.ports import Progress

_TIMEOUT: Final = Duration.parse("20s")


class Proof(msgspec.Struct, frozen=True, kw_only=True):
    """One play: the judged report, and its requests in the order of their intended starts (ns)."""

    report: LoadReport
    intended: Any
    sent: Any
    done: Any

    @property
    def latencies(self) -> Times:
        """Latency of each request from its intended start, ns."""
        return np.asarray(self.done - self.intended, dtype=np.float64)


def workload(
    rate_per_s: float,
    seconds: float,
    *,
    arrival: Arrival = Arrival.POISSON,
    seed: int = 1,
    max_connections: int = 1024,
    timeout: Duration = _TIMEOUT,
) -> Workload:
    """Return a workload of one plain request; by default with more connections than any proof needs."""
    return Workload(
        operations=[Operation(name="prove", timeout=timeout)],
        rate_per_s=rate_per_s,
        arrival=arrival,
        duration=Duration.from_seconds(seconds),
        seed=seed,
        max_connections=max_connections,
    )


class Stand:
    """Plays workloads, each with files of its own below a scratch directory."""

    def __init__(self, engine: EngineProcess, folder: Path, progress: Progress) -> None:
        """Play with `engine`; `folder` is the caller's to remove."""
        self.engine = engine
        self.folder = folder
        self._progress = progress
        self._plays = 0

    def play(self, chosen: Workload, port: int, poll: Callable[[], None] = lambda: None) -> Proof:
        """Play to the end.

        Raises:
            KeyboardInterrupt: If it was interrupted.
            NativeError: If the engine fails.
        """
        self._plays += 1
        output = self.folder / f"play-{self._plays}"
        output.mkdir()
        compile_workload(chosen, self.folder, output / "schedule")
        total = chosen.duration.seconds

        report = self.engine.play(
            output / "schedule",
            Endpoint(port=port),
            output,
            lambda one: self._progress.advance(min(total, one.index + one.seconds), total),
            poll,
        )
        if report.interrupted:
            raise KeyboardInterrupt
        tables = read_output(output, "measure")
        return _proof(check_load(report, tables["latency"]), tables["requests"])


def _proof(report: LoadReport, requests: pa.Table) -> Proof:
    columns = {name: requests[f"{name}_ns"].to_numpy() for name in ("intended", "sent", "done")}
    order = np.argsort(columns["intended"], kind="stable")
    return Proof(report=report, **{name: column[order] for name, column in columns.items()})
