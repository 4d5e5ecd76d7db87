"""What the processes of the proving servers have in common, seen from inside."""

import os
import signal
import sys
from collections.abc import Callable
from typing import Protocol, TypeVar

from tailtune import _native
from tailtune.errors import NativeError


def begin_serving(cpu: int | None = None) -> None:
    """Tie this process to its parent, let Ctrl-C end it, and bind it to a CPU if given."""
    _native.die_with_parent(os.getppid())
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    if cpu is not None:
        os.sched_setaffinity(0, {cpu})


class Server(Protocol):
    """A server of the native core."""

    @property
    def port(self) -> int:
        """The port listened on."""


_S = TypeVar("_S", bound=Server)


def serve(make: Callable[[], _S], forever: Callable[[_S], None]) -> int:
    """Make a server, tell its port on stdout, and serve; return the exit code, if it could not be made."""
    try:
        server = make()
    except NativeError as error:
        sys.stderr.write(f"{error.message} {error.hint}\n")
        return error.exit_code
    sys.stdout.write(f"{server.port}\n")
    sys.stdout.flush()
    forever(server)
    return 0
