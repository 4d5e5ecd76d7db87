"""How long a decision will take on this machine, told from twenty seconds of the baseline against itself."""

import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np
import pyarrow as pa

from tailtune.judge import decision
from tailtune.judge.distribution import Distribution
from tailtune.judge.histograms import by_slice
from tailtune.judge.metrics import MARGINS, QUANTILE_OF, Row, figures
from tailtune.model.recording import Forecast
from tailtune.model.verdict import PRIMARY, Metric

_BETWEEN_RESTARTS: Final = {Metric.CPU_PER_REQUEST: 0.006, Metric.P50: 0.015, Metric.P99: 0.03}
"""Spread of the log ratio that restarts add, which one start of each cannot show: what services usually have."""
_CHANGE: Final = 0.05
"""Relative change that a forecast is about."""


def forecast(tables: Mapping[str, pa.Table], pairs: int, slice_seconds: float, epoch_seconds: float) -> list[Forecast]:
    """Forecast the primary metrics of an experiment.

    The spread of the probe's pairs is scaled to the length and number of the experiment's pairs, and what
    restarts add is put to it. A forecast from a handful of pairs is good to a factor of two or three.

    Args:
        tables: `slices` and `latency` of the probe, in which both variants were the baseline.
        pairs: of slices, in each epoch of the experiment.
        slice_seconds: length of each.
        epoch_seconds: expected length of an epoch.
    """
    rows = tables["slices"].to_pylist()
    latencies = by_slice(tables["latency"])
    probed = float(np.mean([row["ended_ns"] - row["started_ns"] for row in rows])) / 1e9 if rows else 0.0
    found = []
    for metric in PRIMARY:
        ratios = _ratios(metric, rows, latencies)
        if len(ratios) < 2:
            continue
        within = float(np.std(ratios, ddof=1)) * math.sqrt(probed / slice_seconds / pairs)
        deviation = math.hypot(within, _BETWEEN_RESTARTS[metric])
        epochs = decision.epochs_for(math.log1p(_CHANGE), deviation, MARGINS[metric])
        found.append(
            Forecast(
                metric=metric.value,
                deviation=deviation,
                change=_CHANGE,
                epochs=epochs,
                seconds=epochs * epoch_seconds if epochs else None,
            )
        )
    return found


def _ratios(metric: Metric, rows: Sequence[Row], latencies: Mapping[int, Distribution]) -> list[float]:
    """The log ratio of each pair."""
    pairs: dict[int, list[float]] = defaultdict(list)
    for row in sorted(rows, key=lambda row: (row["pair"], row["variant"])):
        if value := _figure(metric, row, latencies.get(row["slice"])):
            pairs[row["pair"]].append(math.log(value))
    return [two[1] - two[0] for two in pairs.values() if len(two) == 2]


def _figure(metric: Metric, row: Row, latency: Distribution | None) -> float:
    if latency is None or not latency.n:
        return 0.0
    if metric in QUANTILE_OF:  # a rough one is enough here, so the rule of enough requests is not asked
        return latency.quantile(QUANTILE_OF[metric])
    return figures([row], latency).get(metric, 0.0)
