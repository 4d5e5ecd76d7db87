"""`tailtune compare` as text: the answer first, then every metric with its interval and its margin."""

from tailtune.model.results import CompareResult
from tailtune.model.verdict import Comparison, MetricVerdict, Verdict
from tailtune.show.headline import comparison_headline
from tailtune.show.text.notes import warnings
from tailtune.show.text.table import labelled, page, paragraph, table
from tailtune.show.values import change, count, margin, metric_name, metric_value, plural


def compare_result(result: CompareResult) -> str:
    """Show a comparison and where its recording is."""
    return page(
        *comparison_sections(result.comparison),
        [f"recording: {result.path}", f"  tailtune report {result.bundle_id} --markdown"],
    )


def comparison_sections(comparison: Comparison) -> list[list[str]]:
    """Return the sections of a comparison: headline, metrics, reasons, units, warnings."""
    return [
        paragraph(comparison_headline(comparison)),
        _metrics(comparison),
        _reasons(comparison),
        _units(comparison),
        warnings(comparison.warnings),
    ]


def decision(answer: MetricVerdict) -> str:
    """Write a verdict; an open one with what would decide."""
    if answer.verdict is Verdict.INCONCLUSIVE and answer.epochs_needed is not None:
        return f"{answer.verdict}: needs about {count(answer.epochs_needed)} epochs"
    return str(answer.verdict)


def units(comparison: Comparison) -> str:
    """Write what the verdicts rest on."""
    used = comparison.pairs_total - comparison.pairs_dropped
    return (
        f"{plural(comparison.epochs, 'epoch')} (excluded: {comparison.epochs_excluded}),"
        f" {count(used)} of {plural(comparison.pairs_total, 'pair')} of slices used"
    )


def _metrics(comparison: Comparison) -> list[str]:
    header = ["metric", comparison.baseline, comparison.candidate, "change", "margin", "verdict"]
    rows = [
        [
            metric_name(one.metric),
            metric_value(one.metric, one.baseline),
            metric_value(one.metric, one.candidate),
            change(one),
            margin(one),
            decision(one),
        ]
        for one in comparison.metrics
    ]
    return table(rows, header=header, right=(1, 2))


def _reasons(comparison: Comparison) -> list[str]:
    lines = [
        line
        for one in comparison.metrics
        if one.reason and (one.verdict is Verdict.INCONCLUSIVE or one.verdict.is_refusal)
        for line in labelled(f"{metric_name(one.metric)}:", one.reason)
    ]
    return ["why undecided", *lines] if lines else []


def _units(comparison: Comparison) -> list[str]:
    confidences = sorted({one.ratio.confidence for one in comparison.metrics if one.ratio is not None})
    level = " and ".join(f"{confidence * 100:g} %" for confidence in confidences)
    text = f"{comparison.candidate} against {comparison.baseline}: {units(comparison)}"
    return paragraph(f"{text}; {level} intervals over epochs" if level else text)
