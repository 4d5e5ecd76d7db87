"""The seconds of a load one by one, and its distributions in full: what the files beside a result are made of."""

import math
from collections.abc import Iterator, Mapping
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tailtune.bundle import Bundle
from tailtune.bundle.schema import OUTCOMES
from tailtune.judge.distribution import Distribution
from tailtune.judge.histograms import by_interval
from tailtune.judge.quantiles import estimate_quantile
from tailtune.model.estimate import QuantileEstimate
from tailtune.model.interval import INTERVAL_QUANTILES, Buckets, CumulativeBuckets, IntervalSummary
from tailtune.model.load import LoadReport

_PER_DOUBLING: Final = 8
_ALL: Final = -1
_Parts = Mapping[int, list[Distribution]]
"""Operation, or _ALL → its seconds."""


def interval_summaries(bundle: Bundle, report: LoadReport, window: str = "measure") -> list[IntervalSummary]:
    """Return each second of a window: all operations together, then each, where there are several."""
    table = bundle.table("latency")
    latency, service, lag = (_parts(table, window, report, kind) for kind in ("latency", "service-time", "send-lag"))
    if report.loop == "closed":
        lag = {operation: [] for operation in lag}  # a request is due when it is sent
    outcomes = _outcomes(bundle.table("outcomes"), window)
    names = _names(report)
    return [
        IntervalSummary(
            interval=second,
            start_s=float(second),
            seconds=_length(report, second),
            operation=names[operation],
            requests=one.n,
            outcomes=outcomes.get((operation, second), {}) if outcomes is not None else None,
            latency=_quantiles(one),
            latency_mean_ns=one.mean if one.n else None,
            latency_max_ns=_maximum(one),
            service_time=_quantiles(_at(service[operation], second)),
            service_time_max_ns=_maximum(_at(service[operation], second)),
            send_lag=_quantiles(_at(lag[operation], second)),
            send_lag_max_ns=_maximum(_at(lag[operation], second)),
        )
        for second in range(len(latency[_ALL]))
        for operation in names
        for one in (_at(latency[operation], second),)
    ]


def interval_buckets(bundle: Bundle, report: LoadReport, window: str = "measure") -> Iterator[Buckets]:
    """Yield the latencies of each operation in each second in which it has any, in time."""
    latency = _parts(bundle.table("latency"), window, report, "latency")
    operations = [
        (index, name) for index, name in _names(report).items() if index != _ALL or len(report.operations) < 2
    ]
    for second in range(len(latency[_ALL])):
        for operation, name in operations:
            one = _at(latency[operation], second)
            if one.n:
                yield _buckets(one, name or _only(report), second, float(second), _length(report, second))


def total_buckets(bundle: Bundle, report: LoadReport, window: str = "measure") -> Buckets:
    """Return the latencies of all requests of a window."""
    merged = Distribution.merge(by_interval(bundle.table("latency"), window))
    return _buckets(merged, "", -1, 0.0, report.elapsed_ns / 1e9)


def cumulative_buckets(bundle: Bundle, report: LoadReport, window: str = "measure") -> list[CumulativeBuckets]:
    """Return the latencies of each operation on bounds of eight a doubling, that all operations share."""
    latency = _parts(bundle.table("latency"), window, report, "latency")
    merged = {name or _only(report): Distribution.merge(latency[index]) for index, name in _names(report).items()}
    if len(report.operations) > 1:
        merged.pop("", None)
        merged.pop(_only(report), None)
    filled = [one for one in merged.values() if one.n]
    bounds = _bounds(min(one.values[0] for one in filled), max(one.maximum for one in filled)) if filled else []
    return [
        CumulativeBuckets(
            operation=name,
            bounds_ns=bounds,
            counts=[one.count_up_to(bound) for bound in bounds],
            total=one.n,
            sum_ns=one.mean * one.n if one.n else 0.0,
        )
        for name, one in merged.items()
    ]


def _names(report: LoadReport) -> dict[int, str]:
    """Operation → name; all together first, and alone where there is only one."""
    several = len(report.operations) > 1
    return {_ALL: ""} | ({index: one.name for index, one in enumerate(report.operations)} if several else {})


def _only(report: LoadReport) -> str:
    return report.operations[0].name if len(report.operations) == 1 else ""


def _parts(table: pa.Table, window: str, report: LoadReport, kind: str) -> _Parts:
    return {
        operation: by_interval(table, window, None if operation == _ALL else operation, kind=kind)
        for operation in _names(report)
    }


def _outcomes(table: pa.Table, window: str) -> dict[tuple[int, int], dict[str, int]] | None:
    """(operation or _ALL, second) → outcome → requests; None where outcomes were not recorded."""
    rows = table.filter(pc.equal(table["window"].cast(pa.string()), window))
    if not rows.num_rows:
        return None
    found: dict[tuple[int, int], dict[str, int]] = {}
    for row in rows.select(["operation", "interval", "outcome", "count"]).to_pylist():
        for operation in (row["operation"], _ALL):
            kinds = found.setdefault((operation, row["interval"]), {})
            name = OUTCOMES[row["outcome"]]
            kinds[name] = kinds.get(name, 0) + row["count"]
    return found


def _at(seconds: list[Distribution], second: int) -> Distribution:
    return seconds[second] if second < len(seconds) else Distribution.merge([])


def _length(report: LoadReport, second: int) -> float:
    """Return how much of a second lies within the schedule."""
    return min(1.0, max(report.scheduled_duration_ns / 1e9 - second, 0.0)) or 1.0


def _quantiles(distribution: Distribution) -> list[QuantileEstimate]:
    return [estimate_quantile(distribution, q) for q in INTERVAL_QUANTILES]


def _maximum(distribution: Distribution) -> float | None:
    return distribution.maximum if distribution.n else None


def _buckets(one: Distribution, operation: str, interval: int, start_s: float, seconds: float) -> Buckets:
    return Buckets(
        operation=operation,
        interval=interval,
        start_s=start_s,
        seconds=seconds,
        values_ns=[int(value) for value in one.values],
        counts=[int(count) for count in one.counts],
        max_ns=one.maximum if one.n else 0.0,
    )


def _bounds(smallest: float, largest: float) -> list[float]:
    """Return 2^(i/8) seconds, in ns, from at most `smallest` to at least `largest`."""
    first, last = (_PER_DOUBLING * np.log2(max(1.0, value) / 1e9) for value in (smallest, largest))
    return [float(2 ** (index / _PER_DOUBLING) * 1e9) for index in range(math.floor(first), math.ceil(last) + 1)]
