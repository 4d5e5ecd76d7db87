"""`tailtune sweep` as text: for each deciding metric the levels with their intervals, drawn on one scale."""

import math
from collections.abc import Sequence
from typing import Final

from tailtune.model.estimate import Estimate
from tailtune.model.results import SweepResult
from tailtune.model.verdict import Comparison, Metric, MetricVerdict, Verdict
from tailtune.show.headline import sweep_headline
from tailtune.show.phrases import cost_moved
from tailtune.show.text.glyphs import glyphs
from tailtune.show.text.notes import warnings
from tailtune.show.text.table import page, paragraph, table
from tailtune.show.values import change, metric_name, metric_value, verdict_cell

_COLUMNS: Final = 27
_LEAST_SCALE: Final = 0.01


def sweep_result(result: SweepResult) -> str:
    """Show a sweep and where its recording is."""
    return page(
        *sweep_sections(result),
        [
            f"recording: {result.path}",
            f"  tailtune sweep --resume {result.bundle_id} --budget 1h",
        ],
    )


def sweep_sections(result: SweepResult, more_warnings: Sequence[str] = ()) -> list[list[str]]:
    """Return the sections of a sweep: headline, a table for each deciding metric, costs, warnings."""
    metrics = [Metric(one) for one in result.deciding]
    told = [text for one in result.levels for text in one.warnings]
    return [
        paragraph(sweep_headline(result)),
        *(_metric(result, metric) for metric in metrics),
        _costs(result),
        warnings(list(dict.fromkeys(told)), more_warnings),
    ]


def _metric(result: SweepResult, metric: Metric) -> list[str]:
    answers = [(one, _answer(one, metric)) for one in result.levels]
    ratios = [answer.ratio for _, answer in answers if answer is not None and answer.ratio is not None]
    scale = max([_LEAST_SCALE, *(_reach(one) for one in ratios)])
    rows = [
        [
            one.candidate,
            metric_value(metric, answer.candidate),
            change(answer),
            _drawn(answer.ratio, scale),
            verdict_cell(answer),
        ]
        for one, answer in answers
        if answer is not None
    ]
    baseline = next((answer.baseline for _, answer in answers if answer is not None and answer.baseline), None)
    axis = f"-{scale:.0%}{'0':^{_COLUMNS - 10}}+{scale:.0%}"
    return [
        f"{metric_name(metric)}: {result.baseline} {metric_value(metric, baseline)}",
        *table(rows, header=["level", "", "change", axis, "verdict"], right=(1,)),
    ]


def _reach(ratio: Estimate) -> float:
    """The farthest bound from no change, capped where an interval is hopelessly wide."""
    bounds = [abs(bound - 1) for bound in (ratio.low, ratio.high, ratio.point) if bound is not None]
    return min(max(bounds), max(4 * abs(ratio.point - 1), 1.0))


def _drawn(ratio: Estimate | None, scale: float) -> str:
    """A line from bound to bound with its point, on a scale with no change in the middle."""
    cells = [" "] * _COLUMNS
    cells[_COLUMNS // 2] = glyphs().side
    if ratio is None:
        return "".join(cells).rstrip()
    low, high = (ratio.point if bound is None else bound for bound in (ratio.low, ratio.high))
    first, point, last = (_column(value - 1, scale) for value in (low, ratio.point, high))
    for column in range(first, last + 1):
        cells[column] = glyphs().floor
    cells[_COLUMNS // 2] = glyphs().side
    cells[point] = glyphs().first
    return "".join(cells).rstrip()


def _column(value: float, scale: float) -> int:
    place = round((value / scale + 1) / 2 * (_COLUMNS - 1)) if math.isfinite(value) else _COLUMNS - 1
    return min(max(place, 0), _COLUMNS - 1)


def _answer(comparison: Comparison, metric: Metric) -> MetricVerdict | None:
    return next((one for one in comparison.metrics if one.metric is metric), None)


def _costs(result: SweepResult) -> list[str]:
    moved = [(one.candidate, [answer for answer in one.metrics if answer.metric.is_cost]) for one in result.levels]
    rows = [[name, cost_moved(costs)] for name, costs in moved if any(c.verdict is Verdict.REGRESSED for c in costs)]
    return ["did the cost move?", *table(rows)] if rows else []
