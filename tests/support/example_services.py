"""The example services, for tests on real programs: built in both variants, and served."""

import contextlib
import http.client
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from tailtune import config
from tailtune.model.project import Project

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
GO, RUST = EXAMPLES / "go-markdown", EXAMPLES / "rust-search"
VARIANTS = ("base", "fast")
READY_SECONDS = 30.0
Request = tuple[str, str, bytes | None]


def run(*command: str | Path, cwd: Path | None = None, env: dict[str, str] | None = None) -> str:
    done = subprocess.run(command, cwd=cwd, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
    return done.stdout


def gather(output: Path) -> Path:
    run(sys.executable, "-I", "-S", EXAMPLES / "corpus.py", "--output", output)  # the standard library alone
    return output


def cargo(command: str, features: list[str], *arguments: str) -> None:
    settings = ["--locked", "--features", ",".join(features), "--target-dir", str(RUST / "target")]
    run("cargo", command, *settings, *arguments, cwd=RUST)


@contextlib.contextmanager
def serving(binary: Path, project: Project, documents: Path) -> Iterator[tuple[int, http.client.HTTPConnection]]:
    """Start a service as its tailtune.toml says, but on the given documents; give its PID and a connection."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    given = {"../.corpus/documents": str(documents)}
    arguments = [given.get(argument, argument.replace("{port}", str(port))) for argument in project.service.args]
    assert str(documents) in arguments
    with subprocess.Popen([binary, *arguments], stderr=subprocess.DEVNULL) as process:
        try:
            connection = ready(port, project.service.ready.path, process)
            with contextlib.closing(connection):
                yield process.pid, connection
        finally:
            process.send_signal(signal.SIGTERM)
            try:
                code = process.wait(timeout=10)
            except subprocess.TimeoutExpired:
                process.kill()
                raise
    assert code == 0, "the service ends by itself when asked to"


def ready(port: int, path: str, process: subprocess.Popen[bytes]) -> http.client.HTTPConnection:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    deadline = time.monotonic() + READY_SECONDS
    while time.monotonic() < deadline:
        assert process.poll() is None, "the service died at start"
        try:
            assert answer(connection, ("GET", path, None))[0] == 200
        except ConnectionRefusedError:
            connection.close()
            time.sleep(0.05)
        else:
            return connection
    raise AssertionError(f"not ready within {READY_SECONDS} s")


def answer(connection: http.client.HTTPConnection, request: Request) -> tuple[int, str | None, bytes]:
    method, path, body = request
    connection.request(method, path, body)
    response = connection.getresponse()
    return response.status, response.headers["Content-Type"], response.read()


def answers(binary: Path, folder: Path, corpus: Path, requests: list[Request]) -> list[tuple[int, str | None, bytes]]:
    with serving(binary, config.load(folder / "tailtune.toml"), corpus / "documents") as (_, connection):
        return [answer(connection, request) for request in requests]


def lines(path: Path) -> list[str]:
    return path.read_text(encoding="utf-8").splitlines()
