"""What the processes of the proving servers have in common, seen from inside."""

import os
import signal
import sys
from collections.abc import Callable

from tailtune import _native


def begin_serving(cpu: int | None = None) -> None:
    """Tie this process to its parent, let Ctrl-C end it, and bind it to a CPU if given."""
    _native.die_with_parent(os.getppid())
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    if cpu is not None:
        os.sched_setaffinity(0, {cpu})


def serve(port: int, forever: Callable[[], None]) -> None:
    """Tell the port on stdout, then serve."""
    sys.stdout.write(f"{port}\n")
    sys.stdout.flush()
    forever()
