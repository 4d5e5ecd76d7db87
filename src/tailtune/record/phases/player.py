"""Plays stretches of one workload: compiles the schedule for a seed and a length, then lets the engine send it."""

import contextlib
import shutil
from collections.abc import Callable, Collection
from pathlib import Path
from typing import Final

import msgspec

from tailtune.errors import TailtuneError
from tailtune.model.answers import Answer
from tailtune.model.endpoint import Endpoint
from tailtune.model.load import LoadReport
from tailtune.model.units import Duration
from tailtune.model.workload import Arrival, Workload
from tailtune.record.engine.answers import read_answers
from tailtune.record.engine.load import compile_workload
from tailtune.record.host.account import EngineHost
from tailtune.record.ports import Asked, Engine, Interval, Quota

_SPARE: Final = 1.5
"""More than are asked on average, for chance may deal an operation fewer."""
_MOST_ASKED: Final = 20_000
"""Requests among which rare operations are looked for."""


class Player:
    """Compiles and plays; schedules and logs live in a scratch directory that its owner removes."""

    def __init__(
        self, engine: Engine, workload: Workload, root: Path, scratch: Path, *, watch: Collection[int] | None = None
    ) -> None:
        """Play `workload`, whose files are relative to `root`, with `engine`.

        With `watch`, the engine's CPUs (none: all), each report tells what the machine took from them. An
        experiment does without: it looks at the machine itself, for both variants alike.
        """
        self._engine = engine
        self._workload = workload
        self._root = root
        self._scratch = scratch
        self._watch = watch

    @property
    def workload(self) -> Workload:
        """What is played."""
        return self._workload

    @property
    def rate_per_s(self) -> float:
        """Mean rate of the workload."""
        return self._workload.mean_rate_per_s

    def at_mean_rate(self) -> "Player":
        """Return one that plays the workload at its mean rate, where a profile makes it change."""
        even = msgspec.structs.replace(self._workload, rate_per_s=self.rate_per_s, profile=[])
        return Player(self._engine, even, self._root, self._scratch, watch=self._watch)

    def closed(self, connections: int) -> "Player":
        """Return one that plays the workload as a closed loop on so many connections."""
        changes = {
            "arrival": Arrival.CLOSED,
            "connections": connections,
            "profile": [],
            "sessions": None,
            "trace": None,
        }
        closed = msgspec.structs.replace(self._workload, **changes)
        scratch = self._scratch / f"closed-{connections}"
        scratch.mkdir(exist_ok=True)
        return Player(self._engine, closed, self._root, scratch, watch=self._watch)

    def compile(self, seed: int, duration: Duration) -> Path:
        """Compile a stretch, once for each seed and length; done ahead, so that it disturbs no window."""
        path = self._scratch / f"{seed}-{int(duration)}.schedule"
        if not path.exists():
            compile_workload(self._workload, self._root, path, seed=seed, duration=duration)
        return path

    def _endpoint(self, port: int) -> Endpoint:
        tls = self._workload.tls
        if tls is not None and tls.ca_file:
            tls = msgspec.structs.replace(tls, ca_file=str(self._root / tls.ca_file))
        return Endpoint(port=port, tls=tls)

    def play(
        self,
        schedule: Path,
        port: int,
        *,
        on_interval: Callable[[Interval], None],
        poll: Callable[[], None],
        keep: Callable[[Path, LoadReport | None], None] | None = None,
    ) -> LoadReport:
        """Play a schedule to its end.

        `keep` is given the directory of its log, also when the play was cut short, and the engine's account,
        which is absent when an exception of `on_interval` or `poll` ended the play. It is called as soon as the
        load has ended: what has to be read at the load's edge is to be read there first.

        Raises:
            KeyboardInterrupt: if the engine was interrupted.
        """
        host = EngineHost(self._watch) if self._watch is not None else None
        if keep is None:
            return _whole(self._engine.play(schedule, self._endpoint(port), None, on_interval, poll))
        output = self._scratch / "output"
        output.mkdir()
        try:
            report = self._engine.play(schedule, self._endpoint(port), output, on_interval, poll)
            report = msgspec.structs.replace(report, host=host.account() if host else None)
        except BaseException:
            with contextlib.suppress(OSError, ValueError, TailtuneError):  # perhaps nothing was logged yet
                keep(output, None)
            raise
        else:
            keep(output, report)
        finally:
            shutil.rmtree(output, ignore_errors=True)
        return _whole(report)

    def compile_answers(self, seed: int, quota: Quota) -> Path:
        """Compile what is asked to compare answers: enough that rare operations occur often enough, within reason."""
        if not self._workload.takes_rate:
            return self.compile(seed, self._workload.duration)
        shares = [one.weight for one in self._workload.operations]
        needed = max(quota.requests, quota.each * sum(shares) / min(shares)) * _SPARE
        length = Duration.from_seconds(min(needed, _MOST_ASKED) / self.rate_per_s)
        return self.at_mean_rate().compile(seed, length)

    def ask(self, schedule: Path, port: int, quota: Quota, poll: Callable[[], None]) -> tuple[Asked, list[Answer]]:
        """Ask the requests of a schedule one after another on one connection; return the answers.

        Raises:
            KeyboardInterrupt: if the engine was interrupted.
        """
        output = self._scratch / "answers.bin"
        try:
            asked = self._engine.ask(schedule, self._endpoint(port), output, quota, poll)
            if asked.interrupted:
                raise KeyboardInterrupt
            return asked, read_answers(output)
        finally:
            output.unlink(missing_ok=True)


def _whole(report: LoadReport) -> LoadReport:
    if report.interrupted:
        raise KeyboardInterrupt
    return report
