"""A server that does nothing but answer: `python -m tailtune.record.engine.null_server --port N [--delay-us D]`.

It is the floor of what any client can measure. Prints its port on stdout once it listens, and dies with its parent.
"""

import argparse
import os
import signal
import sys

from tailtune import _native
from tailtune.errors import NativeError


def main() -> int:
    """Serve until killed; returns the exit code."""
    parser = argparse.ArgumentParser(description="A server that answers every request with the same small 200.")
    parser.add_argument("--port", type=int, default=0, help="port on 127.0.0.1; 0: a free one")
    parser.add_argument("--delay-us", type=int, default=0, help="hold each answer back for so many microseconds")
    options = parser.parse_args()
    if not (0 <= options.port <= 65_535 and options.delay_us >= 0):
        parser.error("--port is from 0 to 65535, --delay-us from 0")
    _native.die_with_parent(os.getppid())
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    try:
        server = _native.NullServer(options.port, options.delay_us)
    except NativeError as error:
        sys.stderr.write(f"{error.message} {error.hint}\n")
        return error.exit_code
    sys.stdout.write(f"{server.port}\n")
    sys.stdout.flush()
    server.serve()
    return 0


if __name__ == "__main__":
    sys.exit(main())
