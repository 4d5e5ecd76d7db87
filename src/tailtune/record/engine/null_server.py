"""A server that does nothing but answer: `python -m tailtune.record.engine.null_server --port N [--delay-us D]`.

It is the floor of what any client can measure. Prints its port on stdout once it listens, and dies with its parent.
"""

import argparse
import sys

from tailtune import _native
from tailtune.record.engine.serving import begin_serving, serve


def main() -> int:
    """Serve until killed; returns the exit code."""
    parser = argparse.ArgumentParser(description="A server that answers every request with the same small 200.")
    parser.add_argument("--port", type=int, default=0, help="port on 127.0.0.1; 0: a free one")
    parser.add_argument("--delay-us", type=int, default=0, help="hold each answer back for so many microseconds")
    parser.add_argument("--close-every", type=int, default=0, help="close the connection in place of every n-th answer")
    parser.add_argument("--real-time", action="store_true", help="run before others, where permitted")
    parser.add_argument("--cpu", type=int, help="CPU to run on")
    parser.add_argument("--journal", help="file for the time at which each request was received")
    parser.add_argument("--records", type=int, default=1_000_000, help="room of the journal")
    options = parser.parse_args()
    if not (0 <= options.port <= 65_535 and min(options.delay_us, options.close_every, options.records) >= 0):
        parser.error("--port is from 0 to 65535, the other numbers from 0")
    begin_serving(options.cpu)
    return serve(
        lambda: _native.NullServer(
            options.port,
            options.delay_us,
            close_every=options.close_every,
            real_time=options.real_time,
            journal=options.journal,
            records=options.records,
        ),
        _native.NullServer.serve,
    )


if __name__ == "__main__":
    sys.exit(main())
