"""The load engine as the tool sees it: a resident process that plays one schedule after another."""

import contextlib
import os
import select
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

import msgspec

from tailtune.errors import NativeError
from tailtune.model.endpoint import Endpoint
from tailtune.model.load import LoadReport, Pacing
from tailtune.record.ports import Asked, Interval, Quota

_POLL_SECONDS: Final = 0.1
_START_SECONDS: Final = 30.0
_STOP_SECONDS: Final = 15.0
_READ_BYTES: Final = 65_536


class EngineProcess:
    """Implements `ports.Engine` over JSON lines on the pipes of a child process.

    The child ignores Ctrl-C: it ends a play when told so, or when its standard input closes, and keeps
    what it has recorded. It also dies with the thread that constructed this object.
    """

    def __init__(
        self, cpus: Sequence[int] = (), *, real_time: bool = True, pacing: Pacing = Pacing.AUTO, threads: int = 0
    ) -> None:
        """Start the engine.

        Args:
            cpus: CPUs to bind its threads to, in turn; none: they are not bound.
            real_time: Try for real-time priority while playing.
            pacing: How closely intended starts are kept, and at which price.
            threads: Engines that share each schedule; 0: as many as CPUs, at least one.

        Raises:
            NativeError: If the process does not start.
        """
        if pacing is Pacing.AUTO:
            # With one CPU for everything, spinning would take the time that the service needs to answer.
            pacing = Pacing.PRECISE if len(os.sched_getaffinity(0)) > 1 else Pacing.SLEEPING
        options = [f"--parent={os.getpid()}", f"--pacing={pacing}", f"--real-time={int(real_time)}"]
        options += [f"--threads={threads or max(1, len(cpus))}", *(f"--cpu={cpu}" for cpu in cpus)]
        self._stderr = tempfile.TemporaryFile()  # noqa: SIM115 - lives as long as the process
        self._lines = bytearray()
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tailtune.record.engine.process", *options],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._stderr,
            bufsize=0,
            process_group=0,  # Ctrl-C on a terminal goes to the foreground group only
        )
        try:
            self._wait_until_ready()
        except BaseException:
            self.close()
            raise

    @property
    def pid(self) -> int:
        """Process ID of the engine."""
        return self._process.pid

    def play(
        self,
        schedule: Path,
        endpoint: Endpoint,
        output: Path | None,
        on_interval: Callable[[Interval], None],
        poll: Callable[[], None],
    ) -> LoadReport:
        """Play a compiled schedule against a service and wait for its end.

        A KeyboardInterrupt ends the play early: the report says `interrupted`, and `output` holds what was
        recorded. Any other exception of `on_interval` or `poll` ends it as well and is raised again, after
        the log was written.

        Args:
            schedule: File written by `compile_workload`.
            endpoint: Where the service listens.
            output: Existing directory for the request log and the histograms, or nothing.
            on_interval: Called once a second.
            poll: Called about every 100 ms; may call `stop`.

        Raises:
            NativeError: If the schedule is unreadable, the log cannot be written, or the engine dies.
        """
        where = None if output is None else str(output.resolve())
        self._tell({"command": "play", "schedule": str(schedule.resolve()), "endpoint": endpoint, "output": where})
        return msgspec.convert(self._ended(on_interval, poll), LoadReport)

    def ask(self, schedule: Path, endpoint: Endpoint, output: Path, quota: Quota, poll: Callable[[], None]) -> Asked:
        """Ask a service the requests of a schedule one after another on one connection, and keep its answers.

        A KeyboardInterrupt ends it early: the result says `interrupted`. Any other exception of `poll` ends it as
        well and is raised again.

        Args:
            schedule: File written by `compile_workload`.
            endpoint: Where the service listens.
            output: File for the answers.
            quota: How much to ask.
            poll: Called about every 100 ms.

        Raises:
            NativeError: If the schedule is unreadable, the answers cannot be written, or the engine dies.
        """
        told = {"schedule": str(schedule.resolve()), "endpoint": endpoint, "output": str(output.resolve())}
        self._tell({"command": "ask", **told, "quota": quota})
        return msgspec.convert(self._ended(lambda _: None, poll), Asked)

    def stop(self) -> None:
        """Ask for the end of the current play, from `poll` or another thread; `play` then returns."""
        self._tell({"command": "stop"})

    def close(self) -> None:
        """End the engine process; safe to call twice."""
        if self._process.stdin is not None:
            with contextlib.suppress(OSError):
                self._process.stdin.close()
        try:
            self._process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        if self._process.stdout is not None:
            self._process.stdout.close()
        self._stderr.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _wait_until_ready(self) -> None:
        deadline = time.monotonic() + _START_SECONDS
        for message in self._messages():
            if message is not None and message.get("event") == "ready":
                return
            if time.monotonic() > deadline:
                raise NativeError(f"the load engine was not ready within {_START_SECONDS:.0f} s")

    def _ended(self, on_interval: Callable[[Interval], None], poll: Callable[[], None]) -> dict[str, Any]:
        """Wait for the end of what was commanded, by itself or by an exception; return its report."""
        try:
            return self._follow(on_interval, poll)
        except KeyboardInterrupt:
            return self._stop_and_collect() | {"interrupted": True}  # also where it had just ended by itself
        except NativeError:
            raise
        except BaseException:
            with contextlib.suppress(NativeError):
                self._stop_and_collect()
            raise

    def _follow(self, on_interval: Callable[[Interval], None], poll: Callable[[], None]) -> dict[str, Any]:
        next_poll = time.monotonic() + _POLL_SECONDS
        for message in self._messages():
            if message is not None and message["event"] == "interval":
                on_interval(msgspec.convert(message, Interval))
            elif message is not None:
                return _outcome(message)
            if time.monotonic() >= next_poll:
                poll()
                next_poll = time.monotonic() + _POLL_SECONDS
        raise AssertionError("messages end only by an exception")

    def _stop_and_collect(self) -> dict[str, Any]:
        """End the play and wait for its report, which a play of any length gives at once."""
        self.stop()
        deadline = time.monotonic() + _STOP_SECONDS
        for message in self._messages():
            if message is not None and message["event"] != "interval":
                return _outcome(message)
            if time.monotonic() > deadline:
                break
        self._process.kill()
        raise NativeError(f"the load engine did not stop within {_STOP_SECONDS:.0f} s and was killed")

    def _tell(self, command: Mapping[str, object]) -> None:
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(msgspec.json.encode(command) + b"\n")
        except (OSError, ValueError):
            raise self._death() from None

    def _messages(self) -> Iterator[dict[str, Any] | None]:
        """Yield what the engine says, and None whenever it has said nothing for a poll's length."""
        assert self._process.stdout is not None
        source = self._process.stdout.fileno()
        while True:
            end = self._lines.find(b"\n")
            if end >= 0:
                line = bytes(self._lines[:end])
                del self._lines[: end + 1]
                yield msgspec.json.decode(line, type=dict[str, Any])
                continue
            ready, _, _ = select.select([source], [], [], _POLL_SECONDS)
            if not ready:
                yield None
                continue
            with _interrupts_held():
                data = os.read(source, _READ_BYTES)
                self._lines += data
            if not data:
                raise self._death()

    def _death(self) -> NativeError:
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(_STOP_SECONDS)
        self._stderr.seek(0)
        detail = self._stderr.read().decode(errors="replace")
        return NativeError(f"the load engine ended unexpectedly (status {self._process.returncode})", detail=detail)


def _outcome(message: dict[str, Any]) -> dict[str, Any]:
    """Return the report, or raise the error that the engine sent in its place."""
    if message["event"] == "error":
        raise NativeError(message["message"], hint=message["hint"])
    report: dict[str, Any] = message["report"]
    return report


@contextlib.contextmanager
def _interrupts_held() -> Iterator[None]:
    """Let no Ctrl-C fall between taking bytes out of a pipe and keeping them."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
