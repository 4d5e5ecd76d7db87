"""One JSON object a line for each second and operation. Times are ns; what a second does not carry is null."""

from collections.abc import Sequence
from typing import IO

import msgspec

from tailtune.model.estimate import QuantileEstimate
from tailtune.model.interval import IntervalSummary
from tailtune.model.units import format_quantile
from tailtune.show.export.load import LoadFacts


class IntervalsNdjson:
    """Writes newline-delimited JSON."""

    name = "ndjson"
    suffixes = (".ndjson", ".jsonl")
    needs_requests = False

    def write(self, facts: LoadFacts, stream: IO[bytes]) -> None:
        """Write the file."""
        for one in facts.intervals():
            stream.write(msgspec.json.encode(_object(one, facts.result.loop)) + b"\n")


def _object(one: IntervalSummary, loop: str) -> dict[str, object]:
    return {
        "interval": one.interval,
        "start_s": one.start_s,
        "seconds": one.seconds,
        "operation": one.operation,
        "loop": loop,
        "requests": one.requests,
        "outcomes": one.outcomes,
        "latency_ns": _times(one.latency, one.latency_max_ns) | {"mean": one.latency_mean_ns},
        "service_time_ns": _times(one.service_time, one.service_time_max_ns),
        "send_lag_ns": _times(one.send_lag, one.send_lag_max_ns),
    }


def _times(quantiles: Sequence[QuantileEstimate], max_ns: float | None) -> dict[str, float | None]:
    named = {format_quantile(one.q): one.estimate.point if one.estimate else None for one in quantiles}
    return named | {"max": max_ns}


EXPORT = IntervalsNdjson()
