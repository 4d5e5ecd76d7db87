"""URLs of `tailtune load`: what their schemes speak, and the endpoint that they name."""

import socket
from pathlib import Path
from typing import Final
from urllib.parse import SplitResult, unquote, urlsplit

import msgspec

from tailtune.errors import UsageError
from tailtune.model.endpoint import Endpoint
from tailtune.model.workload import Protocol, Tls, Workload

_HTTP_PORT: Final = 80
_HTTPS_PORT: Final = 443
_FORMS: Final = (
    "write http://, https:// or h2c://host[:port]/path, http+unix://%2Fpath%2Fof%2Fsocket/path, grpc:// or "
    "grpcs://host:port, redis:// or rediss://host[:port], tcp:// or tls://host:port"
)


class Scheme(msgspec.Struct, frozen=True):
    """What the beginning of an URL says."""

    protocol: Protocol
    port: int = 0
    """Used when the URL has none; 0: it must have one."""
    tls: bool = False
    has_path: bool = False


SCHEMES: Final = {
    "http": Scheme(Protocol.HTTP1, _HTTP_PORT, has_path=True),
    "https": Scheme(Protocol.HTTP1, _HTTPS_PORT, tls=True, has_path=True),
    "h2c": Scheme(Protocol.HTTP2, _HTTP_PORT, has_path=True),
    "http+unix": Scheme(Protocol.HTTP1, has_path=True),
    "grpc": Scheme(Protocol.GRPC),
    "grpcs": Scheme(Protocol.GRPC, tls=True),
    "redis": Scheme(Protocol.RESP, 6379),
    "rediss": Scheme(Protocol.RESP, 6379, tls=True),
    "tcp": Scheme(Protocol.LINE),
    "tls": Scheme(Protocol.LINE, tls=True),
}


def split(url: str) -> tuple[SplitResult, Scheme]:
    """Take an URL apart; without a scheme it is http.

    Raises:
        UsageError: if it has no host, an unknown scheme, or a path where the scheme has none.
    """
    try:
        parts = urlsplit(url if "://" in url else f"http://{url}")
        valid = parts.port is None or parts.port > 0
    except ValueError as error:
        raise UsageError(f"{url}: {error}", hint=_FORMS) from None
    scheme = SCHEMES.get(parts.scheme)
    if scheme is None or not valid or not (parts.hostname or parts.netloc):
        raise UsageError(f"{url}: this cannot be loaded", hint=_FORMS)
    if not scheme.has_path and (parts.path.strip("/") or parts.query):
        raise UsageError(f"{url}: {parts.scheme}:// has no path", hint=_FORMS)
    return parts, scheme


def check_scheme(parts: SplitResult, workload: Workload) -> None:
    """Refuse an URL that speaks another protocol than the workload; tcp:// and tls:// fit all.

    Raises:
        UsageError: if it does.
    """
    speaks = SCHEMES[parts.scheme].protocol
    http = (Protocol.HTTP1, Protocol.HTTP2, Protocol.GRPC)
    same = workload.protocol in http if speaks in http else speaks in (Protocol.LINE, workload.protocol)
    if not same:
        raise UsageError(
            f'{parts.geturl()}: the workload\'s protocol is "{workload.protocol}"',
            hint="write tcp:// or tls:// and host:port, which fit every protocol",
        )


def endpoint(parts: SplitResult, scheme: Scheme, workload: Workload, root: Path, *, unix_socket: str = "") -> Endpoint:
    """Return where an URL leads.

    Args:
        parts: the URL.
        scheme: what it speaks.
        workload: what is to be sent there; its `tls` counts.
        root: directory that file names of the workload are relative to.
        unix_socket: path of the socket to use in place of host and port.

    Raises:
        UsageError: for a socket that is none, a missing port, a host without an address, or encryption that the scheme
            does not have.
    """
    tls = _encryption(parts, scheme, workload, root)
    unix = unquote(parts.netloc) if parts.scheme == "http+unix" else unix_socket
    if unix:
        if not Path(unix).is_socket():
            raise UsageError(f"{unix} is not a socket", hint="give the path of the socket that the service listens on")
        return Endpoint(unix=unix, tls=tls)
    port = parts.port or scheme.port
    if not port:
        raise UsageError(f"{parts.geturl()}: the port is missing", hint=_FORMS)
    return Endpoint(host=_resolve(parts.hostname or ""), port=port, tls=tls)


def _encryption(parts: SplitResult, scheme: Scheme, workload: Workload, root: Path) -> Tls | None:
    if not scheme.tls and workload.tls is None:
        return None
    given = workload.tls or Tls()
    if not scheme.tls and parts.scheme in ("http", "h2c", "grpc", "redis", "tcp") and "://" in parts.geturl():
        raise UsageError(
            f"{parts.scheme}:// is not encrypted, but --insecure, --ca or the workload's `tls` ask for it",
            hint="write https://, grpcs://, rediss:// or tls://",
        )
    name = (parts.hostname or "") if given.server_name == Tls().server_name else given.server_name
    ca_file = str(root / given.ca_file) if given.ca_file else ""
    return Tls(server_name=name or given.server_name, ca_file=ca_file, insecure=given.insecure)


def _resolve(host: str) -> str:
    """Return the address of a host, version 4 if it has one."""
    try:
        found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        raise UsageError(f"{host} cannot be resolved: {reason}", hint="is the name right?") from None
    addresses = sorted(found, key=lambda one: one[0] is not socket.AF_INET)
    return str(addresses[0][4][0])
