"""The Go example under a steady load of our own engine, and its CPU time per request."""

import re
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from tailtune.record.processes.usage import UsageReader

_EXAMPLES: Final = Path(__file__).resolve().parents[2] / "examples"
_TAILTUNE: Final = Path(sys.executable).parent / "tailtune"
_RATE: Final = 400
_WARM_UP_SECONDS: Final = 3.0
_PATIENCE_SECONDS: Final = 30.0


class Service:
    """Started and loaded for `seconds`; ended with the block."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._folder = tempfile.TemporaryDirectory()

    def __enter__(self) -> Self:
        """Build, start, wait until it answers, and load it.

        Raises:
            RuntimeError: if it cannot be built or does not answer.
        """
        binary = Path(self._folder.name) / "service"
        command = ["go", "build", "-o", str(binary), "."]
        built = subprocess.run(command, cwd=_EXAMPLES / "go-markdown", capture_output=True, check=False)
        documents = _EXAMPLES / ".corpus/documents"
        if built.returncode or not documents.exists():
            raise RuntimeError("the Go example cannot be built, or has no texts: python3 examples/corpus.py")
        self._process = subprocess.Popen(
            [binary, "-addr", "127.0.0.1:0", "-documents", documents], stderr=subprocess.PIPE, stdout=subprocess.PIPE
        )
        self.pid = self._process.pid
        url = f"http://127.0.0.1:{self._port()}/search?q=latency"
        load = [_TAILTUNE, "load", url, "--rate", str(_RATE), "--arrival", "constant", "-z", f"{self._seconds:.0f}s"]
        self._load = subprocess.Popen(
            [str(part) for part in load], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        time.sleep(_WARM_UP_SECONDS)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End load and service."""
        for process in (self._load, self._process):
            process.terminate()
            process.wait()
        self._folder.cleanup()

    def cpu_per_request_us(self, seconds: float) -> float:
        """CPU time of the service during `seconds`, divided by the requests that were due in it."""
        reader = UsageReader(self.pid)
        before, began = _on_cpu_ns(reader), time.monotonic()
        time.sleep(seconds)
        spent, took = _on_cpu_ns(reader) - before, time.monotonic() - began
        if self._load.poll() is not None:
            raise RuntimeError("the load ended early")
        return spent / 1e3 / (took * _RATE)

    def _port(self) -> int:
        """The port it listens on, once it answers there."""
        deadline = time.monotonic() + _PATIENCE_SECONDS
        while time.monotonic() < deadline:
            for port in _listening(self.pid):
                try:
                    urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz", timeout=1).close()
                    return port
                except (urllib.error.URLError, OSError):
                    pass
            time.sleep(0.1)
        raise RuntimeError("the Go example does not answer")


def _on_cpu_ns(reader: UsageReader) -> int:
    return sum(usage.sched[0] for usage in reader.threads().values())


def _listening(pid: int) -> list[int]:
    """Ports on which a process of this network listens that are open in `pid`."""
    sockets = set()
    for file in Path(f"/proc/{pid}/fd").iterdir():
        try:
            found = re.fullmatch(r"socket:\[(\d+)\]", str(file.readlink()))
        except FileNotFoundError:
            continue
        sockets |= {found[1]} if found else set()
    table = Path(f"/proc/{pid}/net/tcp").read_text().splitlines()[1:]
    rows = [line.split() for line in table]
    return [int(row[1].split(":")[1], 16) for row in rows if row[3] == "0A" and row[9] in sockets]
