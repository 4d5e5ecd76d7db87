"""Verdicts that have to hold together: the metrics of one exit code, the levels of a sweep."""

from collections.abc import Iterable, Sequence

import msgspec
import numpy as np

from tailtune.judge.decision import CONFIDENCE
from tailtune.judge.families import holm
from tailtune.model.verdict import PRIMARY, Comparison, Metric, MetricVerdict, Verdict

_CHANGED = (Verdict.IMPROVED, Verdict.REGRESSED)


def regressions(answers: Iterable[MetricVerdict]) -> list[Metric]:
    """Return the metrics whose regression a command may fail on.

    Of CPU per request, p50 and p99 those that survive their number (Holm 1979), so that all three together give a
    false alarm as seldom as one; the others share an error rate already.
    """
    found = {one.metric: one for one in answers}
    primary = [found[metric] for metric in PRIMARY if metric in found]
    standing = _surviving(primary)
    return [
        metric
        for metric, one in found.items()
        if one.verdict is Verdict.REGRESSED and (metric not in PRIMARY or metric in standing)
    ]


def _surviving(answers: Sequence[MetricVerdict]) -> set[Metric]:
    tested = [one for one in answers if one.p_sequential is not None]
    adjusted = holm(np.array([one.p_sequential for one in tested], dtype=np.float64))
    return {one.metric for one, p in zip(tested, adjusted, strict=True) if p <= 1 - CONFIDENCE}


def levels_together(comparisons: Sequence[Comparison]) -> list[Comparison]:
    """Withdraw changes that do not survive the number of levels that were tried, metric by metric (Holm 1979).

    Without this, the best of many levels would look better than it is by luck alone.
    """
    p: dict[Metric, list[tuple[int, float]]] = {}
    for number, comparison in enumerate(comparisons):
        for one in comparison.metrics:
            if one.p_sequential is not None:
                p.setdefault(one.metric, []).append((number, one.p_sequential))
    standing = {
        (number, metric)
        for metric, rows in p.items()
        for (number, _), adjusted in zip(rows, holm(np.array([value for _, value in rows])), strict=True)
        if adjusted <= 1 - CONFIDENCE
    }
    return [
        msgspec.structs.replace(
            comparison,
            metrics=[
                _withdrawn(one, len(comparisons))
                if one.verdict in _CHANGED and (number, one.metric) not in standing
                else one
                for one in comparison.metrics
            ],
        )
        for number, comparison in enumerate(comparisons)
    ]


def _withdrawn(answer: MetricVerdict, levels: int) -> MetricVerdict:
    return msgspec.structs.replace(
        answer,
        verdict=Verdict.INCONCLUSIVE,
        decided_at=None,
        reason=f"significant alone, but not as one of {levels} levels (Holm)",
    )
