"""Expectations set against what an experiment measured."""

from collections.abc import Iterable

from tailtune.model.hypothesis import Expectation
from tailtune.model.units import format_change
from tailtune.model.verdict import ExpectationResult, Fulfilled, Metric, MetricVerdict


def judge_expectations(texts: Iterable[str], answers: Iterable[MetricVerdict]) -> list[ExpectationResult]:
    """Judge each expectation by the interval of its metric, which holds at all looks together.

    Args:
        texts: expectations that `Expectation.parse` accepts.
        answers: of the experiment.
    """
    by_metric = {one.metric: one for one in answers}
    return [_judge(Expectation.parse(text), by_metric) for text in texts]


def _judge(expected: Expectation, answers: dict[Metric, MetricVerdict]) -> ExpectationResult:
    answer = answers.get(expected.metric)
    if answer is None or answer.ratio is None:
        return _result(expected, Fulfilled.UNDECIDED, answer.reason if answer else "it was not measured")
    if answer.verdict.is_refusal:
        return _result(expected, Fulfilled.UNDECIDED, answer.reason)
    low, high = answer.ratio.low, answer.ratio.high
    if low is None or high is None:
        return _result(expected, Fulfilled.UNDECIDED, answer.reason)
    shown = f"measured {format_change(answer.ratio.point)}, {format_change(low)} to {format_change(high)}"
    holds = {expected.comparator.holds(bound, 1 + expected.change) for bound in (low, high)}
    if len(holds) == 2:
        return _result(expected, Fulfilled.UNDECIDED, f"{shown}: the interval holds both")
    return _result(expected, Fulfilled.MET if holds == {True} else Fulfilled.MISSED, shown)


def _result(expected: Expectation, fulfilled: Fulfilled, why: str) -> ExpectationResult:
    return ExpectationResult(expectation=expected.text, fulfilled=fulfilled, why=why)
