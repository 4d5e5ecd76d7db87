"""Load beside the service, on purpose: hogs that wait, stopped, and run only while the service is under load.

They are started as services are, so they die with the tool, and end by themselves after some hours.
"""

import contextlib
import os
import signal
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

from tailtune.errors import SetupError
from tailtune.record.ports import Launch
from tailtune.record.processes import ownership, proc
from tailtune.record.processes.journal import FOLDER, Undo
from tailtune.record.processes.process import Process, Supervisor

LONGEST_SECONDS: Final = 4 * 3600
MOST: Final = 64
"""Hogs at once."""
_READY_SECONDS: Final = 20.0
_STEP_SECONDS: Final = 0.02


class Background:
    """Hogs that were started, stopped for now."""

    def __init__(self, hogs: Sequence[Process]) -> None:
        """Use `background`."""
        self.hogs = hogs

    @contextlib.contextmanager
    def running(self) -> Iterator[None]:
        """Let them run during the block.

        Raises:
            SetupError: if one has ended.
        """
        ended = [one for one in self.hogs if one.status is not None]
        if ended:
            raise SetupError(
                f"the background load ended by itself (pid {ended[0].pid})",
                hint=f"it runs for at most {LONGEST_SECONDS // 3600} h",
                detail=ended[0].stderr_tail(),
            )
        self._signal(signal.SIGCONT)
        try:
            yield
        finally:
            self._signal(signal.SIGSTOP)

    def cpu_ns(self) -> int:
        """Return the CPU time that they used so far."""
        return sum(proc.cpu_ns(one.pid) for one in self.hogs)

    def _signal(self, number: signal.Signals) -> None:
        for one in self.hogs:
            ownership.send(one.leader, number)


@contextlib.contextmanager
def background(counts: Mapping[str, int], cpus: Sequence[int], supervisor: Supervisor) -> Iterator[Background]:
    """Start hogs, so many of each kind, on these CPUs by turns; they are ended, and their files deleted, at the end.

    Raises:
        SetupError: if they cannot be started.
    """
    kinds = [kind for kind, count in counts.items() for _ in range(count)]
    with contextlib.ExitStack() as stack:
        place = Path(tempfile.gettempdir())
        folder = stack.enter_context(supervisor.folder("tailtune-noise-", place))
        if "io" in counts:
            stack.enter_context(supervisor.setting(Undo(FOLDER, str(folder))))
        hogs = list[Process]()
        for number, kind in enumerate(kinds):
            one = supervisor.start(_launch(kind, cpus[number % len(cpus)], number, folder))
            stack.callback(supervisor.stop, one, 0)
            hogs.append(one)
        found = Background(hogs)
        _wait_until_busy(hogs, folder)
        with found.running():  # leaves them stopped
            pass
        yield found


def _launch(kind: str, cpu: int, number: int, folder: Path) -> Launch:
    module = [sys.executable, "-P", "-m", "tailtune.record.processes.hog"]
    return Launch(
        argv=[*module, f"--kind={kind}", f"--cpu={cpu}", f"--seconds={LONGEST_SECONDS}", f"--folder={folder}"],
        env=dict(os.environ), workdir=Path("/"), port=0, cpus=[], stdout=folder / f"{number}.out",
        stderr=folder / f"{number}.err",
    )  # fmt: skip


def _wait_until_busy(hogs: Sequence[Process], folder: Path) -> None:
    end = time.monotonic() + _READY_SECONDS
    for number, one in enumerate(hogs):
        while not (folder / f"{number}.out").read_bytes():
            if one.status is not None or time.monotonic() > end:
                raise SetupError("the background load does not start", detail=one.stderr_tail())
            time.sleep(_STEP_SECONDS)
