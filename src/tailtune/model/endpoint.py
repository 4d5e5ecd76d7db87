"""Where load is sent to."""

from enum import StrEnum
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


class PprofKind(StrEnum):
    """The profiles of net/http/pprof."""

    CPU = "cpu"
    ALLOCS = "allocs"
    HEAP = "heap"
    MUTEX = "mutex"
    BLOCK = "block"
    GOROUTINE = "goroutine"

    @property
    def is_state(self) -> bool:
        """Whether it tells how things stand and not what happened: a difference of two means little."""
        return self in (PprofKind.HEAP, PprofKind.GOROUTINE)
