"""What a comparison says beyond its metrics: each operation by itself, and errors."""

import math
from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np

from tailtune.bundle import Bundle
from tailtune.judge import statistics
from tailtune.judge.decision import sequential_interval
from tailtune.judge.distribution import Distribution
from tailtune.judge.epochs import Experiment
from tailtune.judge.histograms import by_slice_and_operation
from tailtune.judge.metrics import QUANTILE_OF
from tailtune.judge.quantiles import enough
from tailtune.model.estimate import Estimate
from tailtune.model.units import format_share
from tailtune.model.verdict import Metric, OperationRatio

_SHOWN: Final = (Metric.P50, Metric.P99)
_ERROR_P: Final = 0.01
_LATENCIES = Mapping[tuple[int, ...], Distribution]


def compare_operations(bundle: Bundle, experiment: Experiment) -> list[OperationRatio]:
    """Return p50 and p99 ratios of each operation over the epochs; empty where there is only one operation."""
    workload = bundle.manifest.workload
    if workload is None or len(workload.operations) < 2:
        return []
    latencies = by_slice_and_operation(bundle.table("latency"))
    return [
        OperationRatio(operation=operation.name, metric=metric, ratio=ratio)
        for index, operation in enumerate(workload.operations)
        for metric in _SHOWN
        if (ratio := _ratio(latencies, experiment, index, metric)) is not None
    ]


def error_warnings(experiment: Experiment) -> list[str]:
    """Warn when the candidate fails more often: speed at the price of answers is none.

    Failures come in bursts, so the test only leaves out what a handful of single failures makes; in how many
    epochs there were some tells whether it is the candidate's way or one accident.
    """
    from scipy import stats

    base, other = experiment.errors[experiment.baseline], experiment.errors[experiment.candidate]
    if not base.requests or not other.failed:
        return []
    table = np.array([[one.failed, one.requests - one.failed] for one in (other, base)])
    if float(stats.fisher_exact(table, alternative="greater").pvalue) > _ERROR_P:
        return []
    return [
        f"{experiment.candidate} fails more often: {format_share(other.failed / other.requests, 2)} of its "
        f"requests against {format_share(base.failed / base.requests, 2)} of {experiment.baseline}, "
        f"in {other.epochs} of {experiment.epochs_total} epochs"
    ]


def _ratio(latencies: _LATENCIES, experiment: Experiment, operation: int, metric: Metric) -> Estimate | None:
    differences = []
    for epoch in experiment.judged:
        baseline = _quantile(latencies, epoch.baseline_slices, operation, QUANTILE_OF[metric])
        candidate = _quantile(latencies, epoch.candidate_slices, operation, QUANTILE_OF[metric])
        if baseline and candidate:
            differences.append(math.log(candidate / baseline))
    if not differences:
        return None
    return statistics.mapped(sequential_interval(differences), math.exp)


def _quantile(latencies: _LATENCIES, slices: Sequence[int], operation: int, q: float) -> float | None:
    merged = Distribution.merge(latencies[part, operation] for part in slices if (part, operation) in latencies)
    return merged.quantile(q) if enough(merged.n, q) else None
