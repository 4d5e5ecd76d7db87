"""What long runs are told to be, for rules that read it."""

from typing import Final

from tests.support.facts import estimate

from tailtune.judge.long_runs import LongRun, LongRuns
from tailtune.model.request_parts import Place

RUNS: Final = LongRuns(
    share=estimate(0.6),
    mean_ns=12e6,
    usual_ns=0.2e6,
    count=16,
    of_requests=0.9,
    places=[
        Place(function="main.total", share=0.92, count=410),
        Place(function="main.index", share=0.08, count=31),
    ],
    longest=[
        LongRun(37, "r120", "main.total", 30_000_000, 9, 104e6),
        LongRun(44, "", "", 20_000_000, 1, 11e6),
    ],
    of_busy=0.9,
    of_collector=0.03,
    collector=estimate(0.02),
    collector_ns=0.4e6,
    of_measuring=0.01,
    parts=("reader waiting for a P", "way in"),
    example="r121",
)
"""12 ms of 20 ms each, while goroutines computed 30 ms; half of all requests take 0.2 ms."""
