"""A server that computes: `python -m tailtune.record.engine.work_server --port N --rounds 500`.

Verdicts are proved on it. Each request costs a number of rounds of work, the same on every start, so that a service
that is 5 % slower does 5 % more rounds. Listens until it is ended.
"""

import argparse
import signal
import sys
import time
from typing import Final

from tailtune import _native
from tailtune.record.engine.serving import serve

_TRIED_ROUNDS: Final = 2_000
_TRIES: Final = 15


def rounds_for(microseconds: float) -> int:
    """Return how many rounds take so long on this machine when nothing disturbs it; at least 1.

    Measured once and then told to all servers, which count rounds and never look at a clock.
    """
    fastest = min(_seconds(_TRIED_ROUNDS) for _ in range(_TRIES))
    return max(1, round(microseconds * 1e-6 / fastest * _TRIED_ROUNDS))


def main() -> int:
    """Serve until ended; returns the exit code."""
    parser = argparse.ArgumentParser(description="A server that does so much work for each request.")
    parser.add_argument("--port", type=int, default=0, help="port on 127.0.0.1; 0: a free one")
    parser.add_argument("--rounds", type=int, required=True, help="work of a request")
    parser.add_argument("--slow-every", type=int, default=0, help="one request in so many takes more; 0: none")
    parser.add_argument("--slow-times", type=int, default=1, help="how many times the work such a request takes")
    parser.add_argument("--blocks", type=int, default=0, help="blocks of memory that a request allocates")
    parser.add_argument("--block-bytes", type=int, default=1024, help="size of each")
    parser.add_argument("--kept", type=int, default=1000, help="requests after which they are freed")
    parser.add_argument("--locked-percent", type=int, default=0, help="percent of the work under one lock")
    options = parser.parse_args()
    if min(vars(options).values()) < 0 or options.port > 65_535 or options.locked_percent > 100:
        parser.error("--port is from 0 to 65535, --locked-percent from 0 to 100, the other numbers from 0")
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    return serve(
        lambda: _native.WorkServer(
            options.port,
            options.rounds,
            slow_every=options.slow_every,
            slow_times=options.slow_times,
            blocks=options.blocks,
            block_bytes=options.block_bytes,
            kept=options.kept,
            locked_percent=options.locked_percent,
        ),
        _native.WorkServer.serve,
    )


def _seconds(rounds: int) -> float:
    begun = time.perf_counter()
    _native.spend_rounds(rounds)
    return time.perf_counter() - begun


if __name__ == "__main__":
    sys.exit(main())
