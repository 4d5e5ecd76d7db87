"""`tailtune compare` as text: the answer first, then every metric with its interval and its margin."""

from collections.abc import Sequence

from tailtune.model.results import CompareResult
from tailtune.model.tally import Tally
from tailtune.model.units import format_change
from tailtune.model.verdict import Comparison, MetricVerdict, Verdict
from tailtune.show.headline import comparison_headline
from tailtune.show.phrases import cost_moved, reasons, tally_line, units
from tailtune.show.text.answers import answers, gates
from tailtune.show.text.notes import warnings
from tailtune.show.text.table import page, paragraph, table
from tailtune.show.values import change, margin, metric_name, metric_value, verdict_cell, with_interval


def compare_result(result: CompareResult) -> str:
    """Show a comparison and where its recording is."""
    return page(
        *comparison_sections(result.comparison, tally=result.tally),
        [f"recording: {result.path}", *_next(result)],
    )


def comparison_sections(
    comparison: Comparison, more_warnings: Sequence[str] = (), *, tally: Tally | None = None
) -> list[list[str]]:
    """Return the sections of a comparison: headline, metrics, reasons, units, tally, warnings."""
    return [
        paragraph(comparison_headline(comparison)),
        answers(comparison.answers),
        gates(comparison.gates),
        _hypothesis(comparison),
        _metrics(comparison, [one for one in comparison.metrics if not one.metric.is_cost]),
        _costs(comparison),
        _operations(comparison),
        _reasons(comparison),
        _units(comparison),
        paragraph(tally_line(tally)) if tally else [],
        warnings(comparison.warnings, more_warnings),
    ]


def _hypothesis(comparison: Comparison) -> list[str]:
    because = [f"because {comparison.because}"] if comparison.because else []
    rows = [[one.expectation, str(one.fulfilled), one.why] for one in comparison.expectations]
    return [line for text in because for line in paragraph(text)] + table(rows, header=["expected", "", ""])


def _costs(comparison: Comparison) -> list[str]:
    """What the change may have been paid with; errors and single operations stand elsewhere."""
    costs = [one for one in comparison.metrics if one.metric.is_cost]
    return [*paragraph(f"did the cost move? {cost_moved(costs)}"), *_metrics(comparison, costs)] if costs else []


def _metrics(comparison: Comparison, answers: Sequence[MetricVerdict]) -> list[str]:
    header = ["metric", comparison.baseline, comparison.candidate, "change", "margin", "verdict"]
    rows = [
        [
            metric_name(one.metric),
            metric_value(one.metric, one.baseline),
            metric_value(one.metric, one.candidate),
            change(one),
            margin(one),
            verdict_cell(one),
        ]
        for one in answers
    ]
    return table(rows, header=header, right=(1, 2))


def _operations(comparison: Comparison) -> list[str]:
    rows = [
        [one.operation, metric_name(one.metric), with_interval(one.ratio, format_change)]
        for one in comparison.operations
    ]
    return ["each operation by itself (not judged)", *table(rows)] if rows else []


def _reasons(comparison: Comparison) -> list[str]:
    undecided = [one for one in comparison.metrics if one.verdict is Verdict.INCONCLUSIVE or one.verdict.is_refusal]
    lines = []
    for names, reason in reasons(comparison, undecided):
        lines += [f"  {names}", *paragraph(reason, indent=4)]
    return ["why undecided", *lines] if lines else []


def _next(result: CompareResult) -> list[str]:
    comparison = result.comparison
    undecided = [one for one in comparison.metrics if one.verdict is Verdict.INCONCLUSIVE]
    needed = max((one.epochs_needed or 0 for one in undecided), default=0)
    longer = f"  tailtune compare --resume {result.bundle_id} --epochs {needed} --budget 1h"
    return [*([longer] if needed and not comparison.is_aa else []), f"  tailtune report {result.bundle_id} --markdown"]


def _units(comparison: Comparison) -> list[str]:
    confidences = sorted({one.ratio.confidence for one in comparison.metrics if one.ratio is not None})
    level = " and ".join(f"{confidence * 100:g} %" for confidence in confidences)
    text = f"{comparison.candidate} against {comparison.baseline}: {units(comparison)}"
    ended = f"; ended because {comparison.ended}" if comparison.ended else ""
    told = f"{text}; {level} intervals over epochs that hold at every look" if level else text
    return paragraph(f"{told}{ended}")
