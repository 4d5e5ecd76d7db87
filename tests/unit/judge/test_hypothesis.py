"""Expectations: how they are read, and what comes of them."""

import pytest
from tests.support.experiment_results import COMPARISON, answer

from tailtune.judge.hypothesis import judge_expectations
from tailtune.model.condition import Comparator
from tailtune.model.hypothesis import Expectation
from tailtune.model.verdict import Fulfilled, Metric, Verdict


def test_an_expectation_is_read():
    one = Expectation.parse("  p99  <  -5% ")
    assert (one.metric, one.comparator, one.change) == (Metric.P99, Comparator.BELOW, -0.05)
    assert Expectation.parse("CPU per request <= +2.5 %").metric is Metric.CPU_PER_REQUEST
    assert Expectation.parse("cpu > 0%").change == 0.0


@pytest.mark.parametrize("text", ["", "p99", "p99 < 5", "p98 < -5%", "p99 < -100%", "p99 == 3%", "rss < x%", "<1%"])
def test_what_is_none_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(ValueError, match=r"no expectation: write|no metric is named|nothing can change"):
        Expectation.parse(text)


@pytest.mark.parametrize(
    ("text", "fulfilled"),
    [
        ("p50 < -5%", Fulfilled.MET),
        ("p50 < -17%", Fulfilled.MET),
        ("p50 < -20%", Fulfilled.UNDECIDED),
        ("p50 > -5%", Fulfilled.MISSED),
        ("p99 < 0%", Fulfilled.UNDECIDED),
        ("p99.9 < 0%", Fulfilled.UNDECIDED),
        ("throughput > 5%", Fulfilled.UNDECIDED),
    ],
)
def test_the_whole_interval_decides(text: str, fulfilled: Fulfilled) -> None:
    [found] = judge_expectations([text], COMPARISON.metrics)
    assert found.fulfilled is fulfilled
    assert found.why


def test_a_refusal_decides_nothing() -> None:
    refused = answer(Metric.P50, Verdict.TOO_NOISY, (1.0, 0.5), (0.5, 0.4, 0.6), 0.03, reason="too noisy")
    [found] = judge_expectations(["p50 < -5%"], [refused])
    assert (found.fulfilled, found.why) == (Fulfilled.UNDECIDED, "too noisy")
