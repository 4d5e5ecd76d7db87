"""What a comparison says beyond its metrics: each operation by itself, and errors."""

import math
from collections.abc import Mapping, Sequence
from typing import Final

import msgspec
import numpy as np

from tailtune.bundle import Bundle
from tailtune.judge import statistics
from tailtune.judge.distribution import Distribution
from tailtune.judge.epochs import QUANTILE_OF, Experiment
from tailtune.judge.histograms import by_slice_and_operation
from tailtune.judge.quantiles import enough
from tailtune.model.estimate import Estimate
from tailtune.model.units import format_share
from tailtune.model.verdict import Metric, OperationRatio

_SHOWN: Final = (Metric.P50, Metric.P99)
_ERROR_P: Final = 0.01
_LATENCIES = Mapping[tuple[int, ...], Distribution]


def compare_operations(bundle: Bundle, experiment: Experiment, confidence: float) -> list[OperationRatio]:
    """Return p50 and p99 ratios of each operation over the epochs; empty where there is only one operation."""
    workload = bundle.manifest.workload
    if workload is None or len(workload.operations) < 2:
        return []
    latencies = by_slice_and_operation(bundle.table("latency"))
    return [
        OperationRatio(operation=operation.name, metric=metric, ratio=ratio)
        for index, operation in enumerate(workload.operations)
        for metric in _SHOWN
        if (ratio := _ratio(latencies, experiment, index, metric, confidence)) is not None
    ]


def error_warnings(experiment: Experiment) -> list[str]:
    """Warn when the candidate fails more often: speed at the price of answers is none."""
    from scipy import stats

    failed, total = experiment.errors[experiment.baseline]
    failed_candidate, total_candidate = experiment.errors[experiment.candidate]
    if not total or not total_candidate or not failed_candidate:
        return []
    table = np.array([[failed_candidate, total_candidate - failed_candidate], [failed, total - failed]])
    p = float(stats.fisher_exact(table, alternative="greater").pvalue)
    if p > _ERROR_P:
        return []
    return [
        f"{experiment.candidate} fails more often: {format_share(failed_candidate / total_candidate, 2)} of its "
        f"requests against {format_share(failed / total, 2)} of {experiment.baseline}"
    ]


def _ratio(
    latencies: _LATENCIES, experiment: Experiment, operation: int, metric: Metric, confidence: float
) -> Estimate | None:
    differences = []
    for epoch in experiment.epochs:
        baseline = _quantile(latencies, epoch.baseline_slices, operation, QUANTILE_OF[metric])
        candidate = _quantile(latencies, epoch.candidate_slices, operation, QUANTILE_OF[metric])
        if baseline and candidate:
            differences.append(math.log(candidate / baseline))
    if not differences:
        return None
    interval = statistics.trimmed_interval(differences, confidence)
    return msgspec.structs.replace(
        interval,
        point=math.exp(interval.point),
        low=math.exp(interval.low) if interval.low is not None else None,
        high=math.exp(interval.high) if interval.high is not None else None,
    )


def _quantile(latencies: _LATENCIES, slices: Sequence[int], operation: int, q: float) -> float | None:
    merged = Distribution.merge(latencies[part, operation] for part in slices if (part, operation) in latencies)
    return merged.quantile(q) if enough(merged.n, q) else None
