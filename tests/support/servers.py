"""Real servers for tests of protocols: those of tests/servers, built once, and Redis."""

import contextlib
import functools
import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.support.turns import locked

from tailtune.model.endpoint import Endpoint
from tailtune.model.workload import Tls

_ROOT = Path(__file__).resolve().parents[2]
_WAIT_SECONDS = 20.0


@functools.cache
def built() -> Path:
    """Return the directory of the built servers; skips the test where there is no Go."""
    if shutil.which("go") is None:
        pytest.skip("there is no Go to build the servers")
    into = _ROOT / "target/test-servers"
    into.mkdir(parents=True, exist_ok=True)
    command = ["go", "build", "-mod=readonly", "-o", str(into), "./http", "./grpc", "./framed"]
    with locked(into / "lock"):
        subprocess.run(command, cwd=_ROOT / "tests/servers", check=True, timeout=600)
    return into


@contextlib.contextmanager
def go_server(name: str, *arguments: str, tls: Path | None = None, unix: Path | None = None) -> Iterator[Endpoint]:
    """Yield where one of tests/servers listens; `tls`: where to write the certificate to trust."""
    command = [str(built() / name), *arguments]
    if tls is not None:
        command += ["--tls", str(tls)]
    if unix is not None:
        command += ["--listen", f"unix:{unix}"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            address = process.stdout.readline().strip()
            trust = None if tls is None else Tls(ca_file=str(tls))
            if unix is not None:
                yield Endpoint(unix=address, tls=trust)
            else:
                host, _, port = address.rpartition(":")
                yield Endpoint(host=host, port=int(port), tls=trust)
        finally:
            process.kill()


@contextlib.contextmanager
def redis(directory: Path) -> Iterator[Endpoint]:
    """Yield where a Redis of its own listens; skips the test where it is not installed."""
    if shutil.which("redis-server") is None:
        pytest.skip("redis-server is not installed")
    path = directory / "redis"
    command = ["redis-server", "--port", "0", "--save", "", "--appendonly", "no", "--unixsocket", str(path)]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, cwd=directory) as process:
        try:
            deadline = time.monotonic() + _WAIT_SECONDS
            while not path.exists():
                assert time.monotonic() < deadline, "Redis does not start"
                time.sleep(0.02)
            yield Endpoint(unix=str(path))
        finally:
            process.kill()
