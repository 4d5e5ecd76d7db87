"""Where a Go service says that its net/http/pprof answers: a path on its own port, or a port and a path."""

import re
from typing import Final, NamedTuple

PPROF_PORT: Final = "{pprof_port}"
"""Stands for a free port beside the service's own, chosen for each start."""

_ADDRESS: Final = re.compile(rf"(?::(\d{{1,5}}|{re.escape(PPROF_PORT)}))?(/\S*)")
_MOST_PORT: Final = 65_535


class PprofAddress(NamedTuple):
    """The parts of an address."""

    port: str
    """A number or `PPROF_PORT`; empty: the service's own port."""
    path: str


def pprof_address(text: str) -> PprofAddress | None:
    """Take `/debug/pprof`, `:6060/debug/pprof` or `:{pprof_port}/debug/pprof` apart; None if it is none of these."""
    found = _ADDRESS.fullmatch(text)
    port = (found[1] or "") if found else ""
    if found is None or (port.isdecimal() and not 1 <= int(port) <= _MOST_PORT):
        return None
    return PprofAddress(port, found[2])
