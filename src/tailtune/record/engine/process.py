"""The resident load engine: `python -m tailtune.record.engine.process`, started by `record.engine`.

Reads commands as JSON lines from stdin: `{"command": "play", ...}` with the fields of `_Play`,
`{"command": "ask", ...}` with those of `_Ask`, and `{"command": "stop"}`. Writes events as JSON lines to stdout:
`ready`, then for each play one `interval` a second, and for each play and ask a final `report` or `error`. The end
of stdin stops what goes on and ends the process.
"""

import argparse
import contextlib
import os
import queue
import signal
import sys
import threading
from ipaddress import ip_address
from typing import Any, Final

import msgspec

from tailtune import _native
from tailtune.errors import NativeError
from tailtune.model.endpoint import Endpoint
from tailtune.record.ports import Quota

_STDOUT: Final = 1


class _Play(msgspec.Struct):
    """A command to play, with the signal that ends it early."""

    schedule: str
    endpoint: Endpoint
    output: str | None
    stop: Any


class _Ask(msgspec.Struct):
    """A command to ask, with the signal that ends it early."""

    schedule: str
    endpoint: Endpoint
    output: str
    quota: Quota
    stop: Any


class _Commands:
    """Reads stdin on a thread of its own, so that a stop arrives while a play runs."""

    def __init__(self) -> None:
        self.plays: queue.SimpleQueue[_Play | _Ask | None] = queue.SimpleQueue()
        self._stop = _native.StopSignal()
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        for line in sys.stdin.buffer:
            self._obey(msgspec.json.decode(line))
        self._stop.set()
        self.plays.put(None)

    def _obey(self, command: dict[str, Any]) -> None:
        if command["command"] == "stop":
            self._stop.set()
            return
        self._stop = _native.StopSignal()
        endpoint = msgspec.convert(command["endpoint"], Endpoint)
        schedule, output = command["schedule"], command["output"]
        if command["command"] == "ask":
            quota = msgspec.convert(command["quota"], Quota)
            self.plays.put(_Ask(schedule, endpoint, output, quota, self._stop))
        else:
            self.plays.put(_Play(schedule, endpoint, output, self._stop))


def _say(event: dict[str, object]) -> None:
    os.write(_STDOUT, msgspec.json.encode(event) + b"\n")


def _where(endpoint: Endpoint) -> dict[str, Any]:
    """Return the arguments that say where to connect to, and how."""
    tls = endpoint.tls
    return {
        "host": ip_address(endpoint.host),
        "port": endpoint.port,
        "unix": endpoint.unix or None,
        "tls_name": None if tls is None else tls.server_name,
        "tls_ca": (tls.ca_file or None) if tls else None,
        "tls_insecure": tls is not None and tls.insecure,
    }


def _asked(command: _Ask) -> bytes:
    quota = command.quota
    return _native.ask(
        command.schedule,
        command.stop,
        command.output,
        requests=quota.requests,
        each=quota.each,
        seconds=quota.seconds,
        **_where(command.endpoint),
    )


def _played(command: _Play, options: argparse.Namespace) -> bytes:
    return _native.play(
        command.schedule,
        command.stop,
        output=command.output,
        cpus=options.cpu,
        threads=options.threads,
        pacing=options.pacing,
        real_time=bool(options.real_time),
        events_fd=_STDOUT,
        **_where(command.endpoint),
    )


def _carry_out(command: _Play | _Ask, options: argparse.Namespace) -> None:
    try:
        report = _asked(command) if isinstance(command, _Ask) else _played(command, options)
    except (NativeError, OSError, OverflowError) as error:
        _say({"event": "error", "message": str(error), "hint": getattr(error, "hint", "")})
    else:
        _say({"event": "report", "report": msgspec.json.decode(report)})


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--parent", type=int, required=True)
    parser.add_argument("--pacing", choices=("precise", "sleeping", "frugal"), default="precise")
    parser.add_argument("--real-time", type=int, default=1)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--cpu", type=int, action="append", default=[])
    return parser.parse_args()


def main() -> None:
    """Play until stdin closes."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    options = _options()
    _native.die_with_parent(options.parent)
    if options.cpu:
        with contextlib.suppress(OSError):  # the native engine tries again and reports the refusal
            os.sched_setaffinity(0, options.cpu)
    commands = _Commands()
    _say({"event": "ready"})
    while (command := commands.plays.get()) is not None:
        with contextlib.suppress(BrokenPipeError):  # nobody listens any more; stdin is about to close
            _carry_out(command, options)


if __name__ == "__main__":
    main()
