"""The first line of an answer: what was found, with its interval, and nothing the data do not carry."""

from collections.abc import Sequence
from typing import Final

from tailtune.model.load import Validity
from tailtune.model.results import SweepResult
from tailtune.model.summary import RunSummary
from tailtune.model.units import format_ns, format_quantile, format_share
from tailtune.model.verdict import PRIMARY, Comparison, Metric, MetricVerdict, Verdict
from tailtune.show.values import change, metric_name, plural, rate, with_interval

_AA: Final = "A/A: both variants are the same binary with the same settings"
_NAMED: Final = 3
"""Metrics named with their change in a first line; the table has the rest."""
_HEADLINE_QUANTILES: Final = (0.99, 0.9, 0.5)
"""The furthest of these that the data carry is the run's headline."""
_FAILURES_TOLD: Final = 0.001
"""The share of failed requests from which the first line tells it."""


def run_headline(summary: RunSummary) -> str:
    """Return the first line for a run or a load."""
    window = summary.measure
    by_q = {one.q: one.estimate for one in window.latency.quantiles}
    q = next((q for q in _HEADLINE_QUANTILES if by_q.get(q) is not None), None)
    parts = []
    if q is not None:
        parts.append(f"{format_quantile(q)} {with_interval(by_q[q], format_ns)}")
    parts.append(f"at {rate(window.achieved_rate_per_s)}")
    failed = window.latency.errors / max(1, window.latency.requests)
    if failed >= _FAILURES_TOLD:
        parts.append(f"{format_share(failed)} failed")
    if window.cpu is not None:
        parts.append(f"CPU per request {format_ns(window.cpu.per_request_ns.point)}")
    text = ", ".join(parts).replace(", at ", " at ", 1)
    if window.validity is Validity.INVALID:
        return f"INVALID load, do not use these numbers: {text}"
    return f"{text}, load {window.validity}"


def comparison_headline(comparison: Comparison) -> str:
    """Return the first line for a comparison: A/A, the verdicts that say something, and what is undecided."""
    groups = {verdict: [one for one in comparison.metrics if one.verdict is verdict] for verdict in Verdict}
    undecided = [
        f"{verdict}: {_names(deciding)}"
        for verdict in (Verdict.INCONCLUSIVE, Verdict.UNSTEADY, Verdict.TOO_NOISY, Verdict.INVALID)
        if (deciding := [one for one in groups[verdict] if one.metric in PRIMARY])
    ]
    if comparison.is_aa:
        false = groups[Verdict.IMPROVED] + groups[Verdict.REGRESSED]
        return "; ".join([_AA, *_aa_clauses(false, groups[Verdict.EQUIVALENT], undecided)])
    # What an experiment is made for comes before what it may be paid with; of two alike, the bad one.
    changed = sorted(
        (verdict for verdict in (Verdict.REGRESSED, Verdict.IMPROVED) if groups[verdict]),
        key=lambda verdict: all(one.metric.is_cost for one in groups[verdict]),
    )
    clauses = [f"{verdict}: {_changes(groups[verdict])}" for verdict in changed]
    if not clauses and groups[Verdict.EQUIVALENT]:
        clauses.append(f"equivalent, within the margin: {_names(groups[Verdict.EQUIVALENT])}")
    others = ["answers differ"] if comparison.answers is not None and comparison.answers.differ else []
    return "; ".join(others + clauses + undecided) or _undecided_rest(comparison.metrics)


def sweep_headline(result: SweepResult) -> str:
    """Return the first line: levels that are known to change a deciding metric."""
    metrics = [Metric(one) for one in result.deciding]
    told = [
        f"{one.candidate} {answer.verdict} {metric_name(answer.metric)} {change(answer)}"
        for one in result.levels
        for answer in one.metrics
        if answer.metric in metrics and answer.verdict in (Verdict.IMPROVED, Verdict.REGRESSED)
    ]
    epochs = max((one.epochs for one in result.levels), default=0)
    found = "; ".join(told) or "no level is known to change anything"
    return f"{plural(len(result.levels), 'level')} against {result.baseline}, {plural(epochs, 'epoch')}: {found}"


def _aa_clauses(false: Sequence[MetricVerdict], right: Sequence[MetricVerdict], undecided: list[str]) -> list[str]:
    if false:
        return [f"{plural(len(false), 'false verdict')}: {_changes(false)}", *undecided]
    if right:
        return [f"no difference was found, as it should be: {_names(right)}", *undecided]
    return ["nothing could be decided"]


def _undecided_rest(metrics: Sequence[MetricVerdict]) -> str:
    return f"inconclusive: {_names(metrics)}" if metrics else "nothing was compared: no epoch could be used"


def _changes(answers: Sequence[MetricVerdict]) -> str:
    named = ", ".join(f"{metric_name(one.metric)} {change(one)}" for one in answers[:_NAMED])
    return named if len(answers) <= _NAMED else f"{named} and {len(answers) - _NAMED} more"


def _names(answers: Sequence[MetricVerdict]) -> str:
    return ", ".join(metric_name(one.metric) for one in answers)
