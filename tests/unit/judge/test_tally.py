from tailtune.judge.tally import tally
from tailtune.model.verdict import Metric, Verdict


def test_refusals_do_not_count_and_only_the_first_metrics_are_summed() -> None:
    rows = [
        {Metric.P50: Verdict.EQUIVALENT, Metric.CPU_PER_REQUEST: Verdict.REGRESSED, Metric.P90: Verdict.IMPROVED},
        {Metric.P50: Verdict.TOO_NOISY, Metric.CPU_PER_REQUEST: Verdict.INCONCLUSIVE},
    ]
    found = tally(rows)
    assert found is not None
    assert (found.comparisons, found.verdicts, found.false) == (2, 3, 1)
    assert [(one.metric, one.verdicts, one.false) for one in found.metrics] == [
        (Metric.CPU_PER_REQUEST, 2, 1),
        (Metric.P50, 1, 0),
        (Metric.P90, 1, 1),
    ]
    assert 0.8 < found.at_most < 1.0


def test_nothing_counted_is_nothing_told() -> None:
    assert tally([]) is None
    assert tally([{Metric.P50: Verdict.UNSTEADY}]) is None
