"""Starts programs so that none outlives the tool: services that run on, and commands that end by themselves.

Each program leads its own session, so Ctrl-C reaches the tool alone; it dies with the tool by
PR_SET_PDEATHSIG, and a watchdog process clears up what that does not reach.
"""

import atexit
import contextlib
import functools
import os
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import IO, Final

import msgspec

from tailtune.errors import RecordingError, ServiceDiedError, SetupError
from tailtune.record.ports import Launch
from tailtune.record.processes import ownership
from tailtune.record.processes.journal import Journal, Undo

_LAUNCHER: Final = Path(__file__).with_name("launcher.py")
_TAIL_LINES: Final = 20
_TAIL_BYTES: Final = 8192
GRACE_SECONDS: Final = 5.0
"""How long a service may take to end after SIGTERM."""


class Ended(msgspec.Struct, frozen=True, kw_only=True):
    """How a process ended."""

    status: int
    """Exit status; negative: the number of the signal that ended it."""
    killed: bool
    """It did not end by itself in the grace period."""
    seconds: float

    def __str__(self) -> str:
        return f"{how_ended(self.status)} after {self.seconds:.2f} s" + (", killed" if self.killed else "")


class Completed(msgspec.Struct, frozen=True, kw_only=True):
    """A command that ended by itself."""

    status: int
    stdout: bytes
    stderr: str
    seconds: float


class Process:
    """A running program of ours."""

    def __init__(self, popen: subprocess.Popen[bytes], token: str, stderr: Path) -> None:
        """Use `Supervisor.start`."""
        self.pid = popen.pid
        self.leader = ownership.leader(popen.pid)
        self.token = token
        """What this process and its children carry in their environment."""
        self.started_ns = time.monotonic_ns()
        """CLOCK_MONOTONIC when the program was executed."""
        self.stderr = stderr
        self.during_load: list[Callable[[], contextlib.AbstractContextManager[None]]] = []
        """What is entered around each stretch of load on this process, and left after it."""
        self.companions: list[int] = []
        """Pids of what runs beside it on purpose, whose CPU time is no interference."""
        self.memory_bytes: int | None = None
        """Limit of memory that it was started with; absent: none of ours."""
        self._popen = popen

    @property
    def status(self) -> int | None:
        """Exit status, or minus the signal's number; absent while it runs."""
        return self._popen.poll()

    def stderr_tail(self) -> str:
        """The last lines that the program wrote to stderr."""
        return tail(self.stderr)

    def check(self, doing: str) -> None:
        """Do nothing while the program runs.

        Raises:
            ServiceDiedError: if it has ended; `doing` says in the message what went on.
        """
        status = self.status
        if status is None:
            return
        raise ServiceDiedError(
            f"the service (pid {self.pid}) ended with {how_ended(status)} during {doing}",
            hint=self.why_killed() or f"its complete output is kept with the recording, as logs/{self.stderr.name}",
            detail=self.stderr_tail(),
        )

    def why_killed(self) -> str:
        """Name the memory limit where it may be what ended the program; empty where it cannot be."""
        if self.memory_bytes is None or self.status != -signal.SIGKILL:
            return ""
        return f"the kernel kills what needs more than its memory limit, here {self.memory_bytes:,} bytes; raise it"

    def wait(self, seconds: float) -> bool:
        """Wait for the end; False when it still runs after `seconds`."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._popen.wait(timeout=seconds)
        return self._popen.returncode is not None


class Supervisor:
    """Starts programs and answers for their end. Safe to close twice."""

    def __init__(self) -> None:
        """Start the watchdog."""
        self.token = f"{os.getpid()}-{secrets.token_hex(8)}."
        self._count = 0
        self._running: dict[int, Process] = {}
        self._journal: Journal | None = None
        self._watchdog = subprocess.Popen(
            [sys.executable, "-P", "-m", "tailtune.record.processes.watchdog"],
            stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True,
        )  # fmt: skip
        self._tell(f"token {self.token}")

    def start(self, launch: Launch) -> Process:
        """Start a program in a session of its own, pinned to its CPUs, its output in files.

        Raises:
            SetupError: if the program cannot be executed.
            RecordingError: if its output files cannot be created.
        """
        try:
            with launch.stdout.open("wb") as stdout, launch.stderr.open("wb") as stderr:
                return self._start(launch, stdout, stderr)
        except OSError as error:
            raise RecordingError(f"{error.filename} cannot be written: {error.strerror}") from error

    def run(self, argv: Sequence[str], *, workdir: Path, env: Mapping[str, str], scratch: Path) -> Completed:
        """Run a command to its end; an interruption ends it and all it had started.

        `scratch` is an existing directory for its output while it runs.

        Raises:
            SetupError: if the command cannot be executed.
            RecordingError: if its output cannot be stored.
        """
        token = secrets.token_hex(4)
        stdout, stderr = (scratch / f".{token}.{name}" for name in ("stdout", "stderr"))
        launch = Launch(
            argv=list(argv), env=dict(env), workdir=workdir, port=0, cpus=[], stdout=stdout, stderr=stderr
        )  # fmt: skip
        begun = time.monotonic()
        try:
            process = self.start(launch)
            try:
                while not process.wait(0.5):
                    pass
            finally:
                ended = self.stop(process, grace_seconds=0)
            text = stderr.read_text(encoding="utf-8", errors="replace")
            return Completed(
                status=ended.status, stdout=stdout.read_bytes(), stderr=text, seconds=time.monotonic() - begun
            )
        finally:
            stdout.unlink(missing_ok=True)
            stderr.unlink(missing_ok=True)

    def stop(self, process: Process, grace_seconds: float = GRACE_SECONDS) -> Ended:
        """End a process and everything in its session: SIGTERM, then SIGKILL after the grace period.

        An interruption meanwhile cuts the grace short.
        """
        begun = time.monotonic()
        ended_by_itself = process.status is not None
        try:
            if not ended_by_itself and grace_seconds > 0:
                for one in ownership.members([process.leader], process.token):
                    ownership.send(one, signal.SIGTERM)
                ended_by_itself = process.wait(grace_seconds)
        finally:
            ownership.kill([process.leader], process.token)
            process.wait(GRACE_SECONDS)
            self._running.pop(process.pid, None)
            self._tell(f"remove {process.pid}")
        status = process.status
        if status is None:
            raise SetupError(f"process {process.pid} cannot be ended", hint="it hangs in the kernel (state D)")
        return Ended(status=status, killed=not ended_by_itself, seconds=time.monotonic() - begun)

    @contextlib.contextmanager
    def folder(self, prefix: str, inside: Path) -> Iterator[Path]:
        """Give a new temporary folder that is deleted afterwards, also when the tool is killed.

        Raises:
            RecordingError: if the disk refuses.
        """
        try:
            inside.mkdir(parents=True, exist_ok=True)
            path = Path(tempfile.mkdtemp(prefix=prefix, dir=inside)).resolve()
        except OSError as error:
            raise RecordingError(f"{inside} cannot be written: {error.strerror}") from error
        self._tell(f"folder {path}")
        try:
            yield path
        finally:
            shutil.rmtree(path, ignore_errors=True)
            self._tell(f"gone {path}")

    @contextlib.contextmanager
    def setting(self, undo: Undo) -> Iterator[None]:
        """Let the block change something outside our processes; it is undone at its end, also when the tool is killed.

        Nothing is changed before its undoing is durably written down; what cannot be undone is left to the next start.

        Raises:
            SetupError: if it cannot be written down.
        """
        try:
            if self._journal is None:
                self._journal = Journal(self.token)
                self._tell(f"settings {self._journal.path}")
            journal = self._journal
            number = journal.add(undo)
        except OSError as error:
            raise SetupError(
                f"{error.filename} cannot be written: {error.strerror}; no setting is changed without a note of it",
                hint="set XDG_STATE_HOME to a folder that can be written",
            ) from error
        try:
            yield
        finally:
            journal.undo(number)

    def stop_all(self) -> None:
        """End everything that still runs, without grace."""
        for process in list(self._running.values()):
            self.stop(process, grace_seconds=0)
        ownership.kill([], self.token)

    def close(self) -> None:
        """End everything that still runs, and the watchdog."""
        if self._watchdog.stdin is None or self._watchdog.stdin.closed:
            return
        self.stop_all()
        self._watchdog.stdin.close()
        self._watchdog.wait()
        if self._journal is not None:
            self._journal.close()

    def owns(self, pid: int, process: Process) -> bool:
        """Whether a pid belongs to what was started as `process`, children and daemons included."""
        return pid in {one.pid for one in ownership.members([process.leader], process.token)}

    def _start(self, launch: Launch, stdout: IO[bytes], stderr: IO[bytes]) -> Process:
        reading, writing = os.pipe()
        head = [sys.executable, "-I", "-S", str(_LAUNCHER), str(writing), str(os.getpid()), *_settings(launch), "--"]
        self._count += 1
        token = f"{self.token}{self._count:06}."  # of equal length for all: the environment's size moves the stack
        try:
            popen = subprocess.Popen(
                head + launch.argv, env={**launch.env, ownership.TOKEN: token}, cwd=launch.workdir,
                stdin=subprocess.DEVNULL, stdout=stdout, stderr=stderr, pass_fds=[writing], start_new_session=True,
            )  # fmt: skip
        except OSError as error:
            os.close(reading)
            raise SetupError(f"{launch.argv[0]} cannot be started in {launch.workdir}: {error.strerror}") from error
        finally:
            os.close(writing)
        process = Process(popen, token, launch.stderr)
        process.memory_bytes = launch.memory_bytes
        self._running[process.pid] = process
        self._tell(f"add {process.pid} {process.leader.start_ticks}")
        try:
            with open(reading, "rb") as stream:  # noqa: PTH123 - a descriptor
                report = stream.read().decode()
        except BaseException:
            self.stop(process, grace_seconds=0)
            raise
        return self._executed(process, launch, report)

    def _executed(self, process: Process, launch: Launch, report: str) -> Process:
        _, _, failure = report.partition("error ")
        if report.startswith("ok ") and not failure:
            process.started_ns = int(report.removeprefix("ok "))
            return process
        self.stop(process, grace_seconds=0)
        if report.startswith("refused "):
            raise _refusal(launch, report.removeprefix("refused "))
        raise SetupError(
            f"{launch.argv[0]} cannot be executed: {failure or process.stderr_tail() or 'the launcher failed'}",
            hint="check that it is installed, on PATH, and executable",
        )

    def _tell(self, order: str) -> None:
        stdin = self._watchdog.stdin
        if stdin is None or stdin.closed:
            return
        with contextlib.suppress(BrokenPipeError):  # the watchdog was killed: PR_SET_PDEATHSIG remains
            stdin.write(f"{order}\n".encode())
            stdin.flush()


@functools.cache
def supervisor() -> Supervisor:
    """Return the one supervisor of this tool process, started at first use and closed at exit."""
    one = Supervisor()
    atexit.register(one.close)
    return one


def _settings(launch: Launch) -> list[str]:
    """Return what the launcher is told: groups first, because what they grant decides about the rest."""
    settings = [f"group@{knob}={path}" for knob, path in launch.groups.items()]
    if launch.cpus:
        settings.append(f"affinity={','.join(map(str, launch.cpus))}")
    if launch.nice is not None:
        settings.append(f"nice={launch.nice}")
    if launch.scheduling:
        settings.append(f"scheduling={launch.scheduling}")
    if not launch.huge_pages:
        settings.append("huge-pages=off")
    if not launch.aslr:
        settings.append("aslr=off")
    if "LC_CTYPE" not in launch.env:
        settings.append("locale=drop")
    return settings


def _refusal(launch: Launch, told: str) -> SetupError:
    """Put into words what the launcher told, `NAME TEXT`: the setting that the kernel refused, its level, and why."""
    name, _, reason = told.partition(" ")
    shown = next((one for one in _settings(launch) if one.startswith(f"{name}=")), name)
    if name.startswith("group@"):
        shown = f"{name.removeprefix('group@')}: the control group {shown.partition('=')[2]}"
    return SetupError(
        f"{shown} is refused by the kernel: {reason}",
        hint="`tailtune knobs` says what each knob takes; the service was not started",
    )


def how_ended(status: int) -> str:
    """Put an exit status into words; negative: the number of a signal, of which real-time ones have no name."""
    if status >= 0:
        return f"exit status {status}"
    return signal.Signals(-status).name if -status in set(signal.Signals) else f"signal {-status}"


def tail(path: Path, lines: int = _TAIL_LINES) -> str:
    """Return the last lines of a text file; empty when it cannot be read."""
    try:
        with path.open("rb") as stream:
            stream.seek(max(0, path.stat().st_size - _TAIL_BYTES))
            text = stream.read().decode(errors="replace")
    except OSError:
        return ""
    return "\n".join(text.splitlines()[-lines:])
