"""Can a service be reached on 127.0.0.1, and by how many connections?"""

import socket
from pathlib import Path

import msgspec

from tailtune.model.endpoint import LOOPBACK
from tailtune.record.host.textfile import text


class Loopback(msgspec.Struct, frozen=True, kw_only=True):
    """What was found."""

    error: str
    """Why no connection was possible; empty: it was."""
    ports: int
    """Ports that outgoing connections may take; 0: not told."""


def try_loopback(root: Path = Path("/")) -> Loopback:
    """Listen on a free port and connect to it, once."""
    limits = text(root / "proc/sys/net/ipv4/ip_local_port_range").split()
    ports = int(limits[1]) - int(limits[0]) + 1 if len(limits) == 2 else 0
    try:
        with (
            socket.create_server((LOOPBACK, 0)) as server,
            socket.create_connection(server.getsockname(), timeout=2.0),
        ):
            pass
    except OSError as error:
        return Loopback(error=error.strerror or str(error), ports=ports)
    return Loopback(error="", ports=ports)
