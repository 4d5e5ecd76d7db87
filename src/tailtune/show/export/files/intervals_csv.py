"""The seconds as a table, a row for each second and operation. Times are ns; what a second does not carry is empty."""

import csv
import io
from typing import IO, Final

from tailtune.bundle.schema import OUTCOMES
from tailtune.model.interval import INTERVAL_QUANTILES, IntervalSummary
from tailtune.model.units import format_quantile
from tailtune.show.export.load import LoadFacts

_QUANTILES: Final = [format_quantile(q) for q in INTERVAL_QUANTILES]
_TIMES: Final = ("latency", "service_time", "send_lag")
_HEADER: Final = (
    *("interval", "start_s", "seconds", "operation", "loop", "requests"),
    *(name.replace("-", "_") for name in OUTCOMES),
    *(f"{time}_{name}_ns" for time in _TIMES for name in (*_QUANTILES, "max")),
    "latency_mean_ns",
)


class IntervalsCsv:
    """Writes comma-separated values with a header."""

    name = "csv"
    suffixes = (".csv",)
    needs_requests = False

    def write(self, facts: LoadFacts, stream: IO[bytes]) -> None:
        """Write the file."""
        text = io.TextIOWrapper(stream, encoding="utf-8", newline="", write_through=True)
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(_HEADER)
        writer.writerows(_row(one, facts.result.loop) for one in facts.intervals())
        text.detach()


def _row(one: IntervalSummary, loop: str) -> list[object]:
    outcomes = [""] * len(OUTCOMES) if one.outcomes is None else [one.outcomes.get(name, 0) for name in OUTCOMES]
    times = (
        (one.latency, one.latency_max_ns),
        (one.service_time, one.service_time_max_ns),
        (one.send_lag, one.send_lag_max_ns),
    )
    measured = [
        value
        for quantiles, max_ns in times
        for value in (*(found.estimate.point if found.estimate else None for found in quantiles), max_ns)
    ]
    head = [one.interval, one.start_s, one.seconds, one.operation, loop, one.requests]
    return [*head, *outcomes, *("" if value is None else value for value in (*measured, one.latency_mean_ns))]


EXPORT = IntervalsCsv()
