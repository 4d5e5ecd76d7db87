"""A single server with a queue: `python -m tailtune.record.engine.queue_server --law constant --mean-us 2000`.

Theory knows its waiting times, so it tells whether a load generator measures right. Prints its port on stdout once it
listens, and dies with its parent.
"""

import argparse
import sys

from tailtune import _native
from tailtune.record.engine.serving import begin_serving, serve


def main() -> int:
    """Serve until killed; returns the exit code."""
    parser = argparse.ArgumentParser(description="A server that serves one request at a time, each by waiting.")
    parser.add_argument("--law", default="constant", choices=["constant", "exponential", "hyperexponential"])
    parser.add_argument("--mean-us", type=float, required=True, help="mean service time")
    parser.add_argument("--scv", type=float, default=1.0, help="squared coefficient of variation (hyperexponential)")
    parser.add_argument("--seed", type=int, default=1, help="fixes the service times")
    parser.add_argument("--cpu", type=int, help="CPU to run on")
    parser.add_argument("--journal", help="file for arrival, begin, end and answer of each service")
    parser.add_argument("--records", type=int, default=1_000_000, help="room of the journal")
    options = parser.parse_args()
    if min(options.seed, options.records) < 0:
        parser.error("--seed and --records are from 0")
    begin_serving()
    return serve(
        lambda: _native.QueueServer(
            options.law,
            options.mean_us,
            scv=options.scv,
            seed=options.seed,
            journal=options.journal,
            records=options.records,
        ),
        lambda server: server.serve(options.cpu),
    )


if __name__ == "__main__":
    sys.exit(main())
