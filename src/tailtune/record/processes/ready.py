"""Decides when a started service may be loaded, and that it is our service which answers."""

import http.client
import os
import socket
import time
from pathlib import Path
from typing import Final

from tailtune.errors import NotReadyError
from tailtune.model.endpoint import LOOPBACK
from tailtune.model.project import ReadyCheck
from tailtune.record.processes import proc
from tailtune.record.processes.process import Process, Supervisor, how_ended

_STEP_SECONDS: Final = 0.02
_ATTEMPT_SECONDS: Final = 1.0
_LISTEN: Final = "0A"


def choose_port(fixed: int) -> int:
    """Return a loopback port that nobody listens on: the fixed one, or any when it is 0.

    Raises:
        NotReadyError: if the fixed port is taken.
    """
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # a port in TIME_WAIT is free
        try:
            probe.bind((LOOPBACK, fixed))
        except OSError as error:
            raise NotReadyError(
                f"port {fixed} cannot be used: {_who(fixed) or error.strerror}",
                hint="end that process, or let the service take its port from {port} and remove `port`",
            ) from error
        return int(probe.getsockname()[1])


def wait_ready(process: Process, check: ReadyCheck, port: int, supervisor: Supervisor) -> float:
    """Wait until the service answers as its ready check asks; return the seconds that took.

    Raises:
        NotReadyError: if the service ends, does not answer in time or answers with another status,
            or if another process answers on its port; the detail is the service's stderr.
    """
    begun = time.monotonic()
    while True:
        _still_runs(process)
        seen = _attempt(check, port)
        if not seen:
            break
        if time.monotonic() - begun > check.timeout.seconds:
            raise NotReadyError(
                f"the service (pid {process.pid}) was not ready after {check.timeout}: {seen}",
                hint="check `ready` (path, status, timeout) and that `args` or `env` carry {port} to the service",
                detail=process.stderr_tail(),
            )
        time.sleep(_STEP_SECONDS)
    _still_runs(process)
    _answers_itself(process, port, supervisor)
    return time.monotonic() - begun


def listener(port: int) -> int | None:
    """Return the pid that listens on a TCP port; absent when nobody does or the owner may not be seen."""
    inodes = _listening_inodes(port)
    if not inodes:
        return None
    wanted = {f"socket:[{inode}]" for inode in inodes}
    return next((pid for pid in proc.pids() if wanted & _descriptors(pid)), None)


def _still_runs(process: Process) -> None:
    status = process.status
    if status is not None:
        raise NotReadyError(
            f"the service (pid {process.pid}) ended at start with {how_ended(status)}",
            hint=process.why_killed() or "run it by hand with the same arguments and environment",
            detail=process.stderr_tail(),
        )


def _attempt(check: ReadyCheck, port: int) -> str:
    """Return what is missing; empty when the service is ready."""
    try:
        if not check.path:
            socket.create_connection((LOOPBACK, port), timeout=_ATTEMPT_SECONDS).close()
            return ""
        return _attempt_http(check, port)
    except OSError as error:
        return f"port {port}: {error.strerror or error}"


def _attempt_http(check: ReadyCheck, port: int) -> str:
    connection = http.client.HTTPConnection(LOOPBACK, port, timeout=_ATTEMPT_SECONDS)
    try:
        connection.request("GET", check.path, headers={"Host": "localhost"})
        status = connection.getresponse().status
    except http.client.HTTPException as error:
        return f"GET {check.path} got no HTTP answer ({type(error).__name__})"
    finally:
        connection.close()
    return "" if status == check.status else f"GET {check.path} answered {status}, expected {check.status}"


def _answers_itself(process: Process, port: int, supervisor: Supervisor) -> None:
    owner = listener(port)
    if owner is not None and not supervisor.owns(owner, process):
        raise NotReadyError(
            f"port {port} is answered by another process, not by the service (pid {process.pid}): {_who(port)}",
            hint="does the service take its port from {port}?",
            detail=process.stderr_tail(),
        )


def _who(port: int) -> str:
    owner = listener(port)
    found = proc.stat(owner) if owner is not None else None
    return f"{found.name} (pid {found.pid}) listens on it" if found else ""


def _listening_inodes(port: int) -> set[str]:
    """Read the sockets listening on a port from /proc/net/tcp and tcp6 (format: kernel's proc_net_tcp.rst)."""
    found = set()
    for name in ("tcp", "tcp6"):
        for line in proc.read(proc.PROC / "net" / name).splitlines()[1:]:
            fields = line.split()
            if fields[3] == _LISTEN and int(fields[1].rpartition(":")[2], 16) == port:
                found.add(fields[9])
    return found


def _descriptors(pid: int) -> set[str]:
    folder = Path(f"/proc/{pid}/fd")
    try:
        return {_link(folder / name) for name in os.listdir(folder)}  # noqa: PTH208 - read for many processes
    except OSError:
        return set()


def _link(path: Path) -> str:
    try:
        return os.readlink(path)  # noqa: PTH115 - the target is no path
    except OSError:
        return ""
