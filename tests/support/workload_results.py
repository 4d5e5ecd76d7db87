"""Results of `tailtune workload` as its commands would make them."""

import math

from tailtune.model.imports import (
    CompiledSchedule,
    FittedWorkload,
    Imported,
    ShownOperation,
    ShownWorkload,
    SizeSummary,
    Skipped,
)
from tailtune.model.profile import Shape, Stage
from tailtune.model.units import Duration
from tailtune.model.workload import Arrival, Operation, Trace, Workload

COMPILED = CompiledSchedule(
    sha256="5f1d" * 16,
    requests=18_004,
    duration_ns=60_000_000_000,
    bytes=2_345_678,
    mean_rate_per_s=300.07,
    path="load.schedule",
)
SHOWN = ShownWorkload(
    schedule=COMPILED,
    arrival="poisson",
    protocol="http1",
    seconds_per_column=1.0,
    rates_per_s=[300 + 200 * math.sin(column / 10) for column in range(60)],
    operations=[
        ShownOperation(
            name="GET /products/{id}",
            requests=16_200,
            share=0.9,
            sizes=SizeSummary(smallest=80, median=84, largest=88, mean=84.2),
        ),
        ShownOperation(
            name="POST /orders",
            requests=1_804,
            share=0.1,
            sizes=SizeSummary(smallest=190, median=240, largest=2_300, mean=301.0),
        ),
        ShownOperation(name="DELETE /orders/{id}", requests=0, share=0.0),
    ],
)
_SKIPPED = [
    Skipped(why="not in common or combined format", count=12, first_line=7, example="nonsense"),
    Skipped(why="no request for a path", count=3, first_line=90, example='192.0.2.8 - - "\\x16\\x03"'),
]
IMPORTED = Imported(
    source="access.log",
    format="access-log",
    requests=120_345,
    skipped=_SKIPPED,
    files=["replay.toml", "replay.trace.tsv"],
    url="",
    workload=Workload(
        operations=[Operation(name="GET /")], arrival=Arrival.TRACE, trace=Trace(file="replay.trace.tsv")
    ),
    warnings=["the source knows whole seconds only: requests were spread evenly over theirs"],
)
FITTED = FittedWorkload(
    source="access.log",
    requests=120_345,
    seconds=3_600.0,
    skipped=_SKIPPED[:1],
    files=["fitted.toml"],
    dispersion=1.04,
    window_seconds=1.0,
    popularity={"GET /products/{key}": 1.12, "GET /users/{key}/orders": 0.4},
    workload=Workload(
        operations=[Operation(name="GET /")],
        duration=Duration.parse("1h"),
        profile=[
            Stage(shape=Shape.HOLD, rate=20, duration=Duration.parse("30m")),
            Stage(shape=Shape.HOLD, rate=46.9, duration=Duration.parse("30m")),
        ],
    ),
    warnings=["the log does not tell the bodies of POST /cart: they are sent without one"],
)
