"""Where load is sent to."""

from typing import Final

import msgspec

from tailtune.model.workload import Tls

LOOPBACK: Final = "127.0.0.1"
"""Where services under test listen."""


class Endpoint(msgspec.Struct, frozen=True, kw_only=True):
    """Where a service listens, and whether it speaks TLS there."""

    host: str = LOOPBACK
    """IP address."""
    port: int = 0
    unix: str = ""
    """Path of a Unix socket, in place of host and port."""
    tls: Tls | None = None
