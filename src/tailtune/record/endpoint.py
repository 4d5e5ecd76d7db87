"""Asks a Go service for one profile: over TCP, TLS or a Unix socket, within bounds of size and time.

Source: net/http/pprof/pprof.go of Go 1.26, for the paths and what each status means.
"""

import http.client
import socket
import ssl
import time
from typing import Final

import msgspec

from tailtune.model.endpoint import LOOPBACK

PREFIX: Final = "/debug/pprof"
_PATIENCE_SECONDS: Final = 10.0
"""Beyond the seconds that the service itself takes."""
_MOST_BYTES: Final = 256 << 20
_CHUNK_BYTES: Final = 1 << 16
_MOST_SAID: Final = 200
"""Characters kept of an answer that is no profile."""
_GZIP: Final = b"\x1f\x8b"


class EndpointError(ValueError):
    """There is no profile; `hint` says what to do, if that is known."""

    def __init__(self, message: str, hint: str = "") -> None:
        """Keep both texts."""
        super().__init__(message)
        self.hint = hint


class Source(msgspec.Struct, frozen=True, kw_only=True):
    """Where a service hands out its profiles."""

    host: str = LOOPBACK
    port: int = 0
    tls: bool = False
    """Certificates are checked against the system's."""
    socket: str = ""
    """Path of a Unix socket, in place of host and port; with `@` in front the name of an abstract one."""
    prefix: str = PREFIX

    def __str__(self) -> str:
        """Return it as messages name it."""
        if self.socket:
            return f"{self.socket}:{self.prefix}"
        return f"{'https' if self.tls else 'http'}://{self.host}:{self.port}{self.prefix}"


def pull(source: Source, kind: str, *, seconds: int = 0, query: str = "") -> bytes:
    """Fetch one gzipped profile.

    Args:
        source: where.
        kind: last part of the path: `profile` (CPU), `allocs`, `heap`, `mutex`, `block`, `goroutine`.
        seconds: of a CPU profile, or of a difference that the service makes (not of instrumented ones); 0: a
            snapshot.
        query: further parameters, such as `gc=1`.

    Raises:
        EndpointError: if the service does not answer in time, or with something else than a profile.
    """
    parameters = "&".join(part for part in (f"seconds={seconds}" if seconds else "", query) if part)
    path = f"{source.prefix.rstrip('/')}/{kind}" + (f"?{parameters}" if parameters else "")
    data = fetch(source, path, seconds)
    if not data.startswith(_GZIP):
        said = data[:_MOST_SAID].decode(errors="replace").strip()
        raise EndpointError(f"GET {path} is not a gzipped profile, it begins with {said!r}", _PATH_HINT)
    return data


def fetch(source: Source, path: str, seconds: float) -> bytes:
    """Fetch what stands at a path (with its query), for which the service takes some seconds.

    Raises:
        EndpointError: if the service does not answer in time, or with another status than 200.
    """
    deadline = time.monotonic() + seconds + _PATIENCE_SECONDS
    connection = _connection(source, seconds + _PATIENCE_SECONDS)
    try:
        connection.request("GET", path, headers={"Accept-Encoding": "identity"} | _host(source))
        with connection.getresponse() as answer:
            if answer.status != http.HTTPStatus.OK:
                raise _refusal(path, answer)
            return _read(path, answer, deadline)
    except ssl.SSLError as error:
        raise EndpointError(f"GET {path}: TLS failed: {error.reason or error}", _TLS_HINT) from error
    except (OSError, http.client.HTTPException) as error:
        why = getattr(error, "strerror", None) or f"{error}" or type(error).__name__
        raise EndpointError(why, "does the service listen there?") from error
    finally:
        connection.close()


def _host(source: Source) -> dict[str, str]:
    """Name the host as the load does; others than this one are named as they were given."""
    return {"Host": "localhost"} if source.socket or source.host == LOOPBACK else {}


_PATH_HINT: Final = "does the service import net/http/pprof, and serve it on this port and path?"
_TLS_HINT: Final = "use http:// if the port is not encrypted, and a certificate that this machine trusts if it is"
_HINTS: Final[dict[int, str]] = {
    http.HTTPStatus.NOT_FOUND: _PATH_HINT,
    http.HTTPStatus.INTERNAL_SERVER_ERROR: "another CPU profile may be running, and only one can; wait for its end",
    http.HTTPStatus.BAD_REQUEST: "the seconds must be fewer than the WriteTimeout of the service's http.Server",
    http.HTTPStatus.UNAUTHORIZED: "the profiles are protected; ask on a port without authentication",
    http.HTTPStatus.FORBIDDEN: "the profiles are protected; ask on a port without authentication",
}


def _refusal(path: str, answer: http.client.HTTPResponse) -> EndpointError:
    text = answer.read(_MOST_SAID).decode(errors="replace").strip()
    said = "" if text.startswith("<") else f": {text}"  # a page is for browsers
    if moved := answer.getheader("Location"):
        return EndpointError(f"GET {path} answered {answer.status}: moved to {moved}", f"ask {moved} if you trust it")
    return EndpointError(f"GET {path} answered {answer.status}{said}", _HINTS.get(answer.status, ""))


def _read(path: str, answer: http.client.HTTPResponse, deadline: float) -> bytes:
    """Read the body; a service that trickles is not waited for longer than one that is silent."""
    data = bytearray()
    while chunk := answer.read1(_CHUNK_BYTES):
        data += chunk
        if len(data) > _MOST_BYTES:
            raise EndpointError(f"GET {path} answered with more than {_MOST_BYTES >> 20} MiB")
        if time.monotonic() > deadline:
            raise EndpointError(f"GET {path} did not end in time; {len(data)} bytes came")
    if answer.length:  # what the length promised and the connection did not bring
        raise EndpointError(f"GET {path} broke off after {len(data)} bytes", "does the service still run?")
    return bytes(data)


def _connection(source: Source, timeout: float) -> http.client.HTTPConnection:
    if source.socket:
        return _UnixConnection(source.socket, timeout)
    if source.tls:
        return http.client.HTTPSConnection(source.host, source.port, timeout=timeout)
    return http.client.HTTPConnection(source.host, source.port, timeout=timeout)


class _UnixConnection(http.client.HTTPConnection):
    """HTTP over a Unix socket."""

    def __init__(self, name: str, timeout: float) -> None:
        super().__init__("localhost", timeout=timeout)
        self._name = f"\0{name[1:]}" if name.startswith("@") else name

    def connect(self) -> None:
        """Connect to the socket; see `http.client`."""
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self._name)
