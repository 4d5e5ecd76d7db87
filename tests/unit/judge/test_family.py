"""Verdicts that have to hold together."""

from msgspec.structs import replace
from tests.support.experiment_results import COMPARISON, answer

from tailtune.judge.family import levels_together, regressions
from tailtune.model.verdict import Metric, MetricVerdict, Verdict


def changed(metric: Metric, p: float, verdict: Verdict = Verdict.REGRESSED) -> MetricVerdict:
    return answer(metric, verdict, (1e6, 1.1e6), (1.1, 1.01, 1.2), 0.03, p_sequential=p, decided_at=8)


def test_a_gate_fails_on_what_survives_the_number_of_its_metrics():
    cpu, p50, p99 = (Metric.CPU_PER_REQUEST, Metric.P50, Metric.P99)
    even = answer(p50, Verdict.EQUIVALENT, (1.0, 1.0), (1.0, 0.99, 1.01), 0.03, p_sequential=0.8)
    assert regressions([changed(cpu, 0.001), even, changed(p99, 0.02)]) == [cpu, p99]
    assert regressions([changed(cpu, 0.04), even, changed(p99, 0.03)]) == []
    assert regressions([changed(cpu, 0.001, Verdict.IMPROVED), even, even]) == []


def test_secondary_metrics_share_an_error_rate_already():
    assert regressions([changed(Metric.PEAK_RSS, 0.04)]) == [Metric.PEAK_RSS]


def test_the_luckiest_of_many_levels_is_not_a_finding():
    lucky = replace(COMPARISON, candidate="a", metrics=[changed(Metric.P50, 0.03, Verdict.IMPROVED)])
    others = [replace(COMPARISON, candidate=name, metrics=[changed(Metric.P50, 0.6)]) for name in "bcde"]
    first, *_ = levels_together([lucky, *others])
    assert first.metrics[0].verdict is Verdict.INCONCLUSIVE
    assert first.metrics[0].decided_at is None
    assert "not as one of 5 levels" in first.metrics[0].reason
    [alone] = levels_together([lucky])
    assert alone.metrics[0].verdict is Verdict.IMPROVED


def test_a_level_that_is_certain_stays():
    sure = replace(COMPARISON, candidate="a", metrics=[changed(Metric.P50, 0.001, Verdict.IMPROVED)])
    other = replace(COMPARISON, candidate="b", metrics=[changed(Metric.P50, 0.9)])
    assert levels_together([sure, other])[0].metrics[0].verdict is Verdict.IMPROVED
