"""How numbers, intervals and first lines are written."""

import pytest
from msgspec.structs import replace
from tests.support import experiment_results as experiments
from tests.support import results as given

from tailtune.model.estimate import QuantileEstimate
from tailtune.model.load import Validity
from tailtune.model.units import format_change, format_ns
from tailtune.model.verdict import Metric, Verdict
from tailtune.show import headline, phrases, values


def test_bounds_leave_out_the_unit_only_where_it_is_the_points_own() -> None:
    assert values.with_interval(given.estimate(1.5e6, 1.4e6, 1.6e6), format_ns) == "1.50 ms [1.40, 1.60]"
    assert values.with_interval(given.estimate(1.1e6, 0.9e6, 1.3e6), format_ns) == "1.10 ms [900 µs, 1.30 ms]"
    assert values.with_interval(given.estimate(0.7, 0.6, 0.8), format_change) == "-30.0 % [-40.0, -20.0]"


def test_a_missing_bound_is_marked_and_without_an_estimate_there_is_no_number() -> None:
    assert values.with_interval(given.estimate(1e6, None, None), format_ns) == "1.00 ms (no interval)"
    assert values.with_interval(given.estimate(1e6, 9.5e5, None), format_ns) == "1.00 ms [950 µs, ?]"
    assert values.with_interval(given.estimate(2e6, None, 3e6), format_ns) == "2.00 ms [?, 3.00]"
    assert values.with_interval(None, format_ns) == "n/a"


@pytest.mark.parametrize(("q", "needed"), [(0.5, 15), (0.9, 73), (0.99, 730), (0.999, 7_300), (0.9999, 73_000)])
def test_an_absent_quantile_says_how_many_requests_it_needs(q: float, needed: int) -> None:
    assert values.requests_needed(q) == needed
    written = values.quantile_value(QuantileEstimate(q=q, estimate=None))
    assert written == (f"p{q * 100:g}", "n/a", f"needs about {needed:,} requests")


def test_a_quantile_without_an_upper_bound_says_what_would_bring_one() -> None:
    quantile = QuantileEstimate(q=0.99, estimate=given.estimate(2e6, 1.9e6, None))
    assert values.quantile_value(quantile)[2] == "[1.90, ?] too few independent slow phases: measure longer"


def test_sizes_and_times_get_the_unit_of_their_metric() -> None:
    assert values.metric_value(Metric.PEAK_RSS, 2**20) == "1.00 MiB"
    assert values.metric_value(Metric.P99, 2e6) == "2.00 ms"
    assert values.metric_value(Metric.P99, None) == "n/a"


def test_margins_have_digits_only_where_they_need_them() -> None:
    answer = experiments.COMPARISON.metrics[0]
    assert values.margin(replace(answer, margin=0.07)) == "±7 %"
    assert values.margin(replace(answer, margin=0.025)) == "±2.5 %"


def test_one_thing_is_not_plural() -> None:
    assert [values.plural(number, "pair") for number in (0, 1, 2_000)] == ["0 pairs", "1 pair", "2,000 pairs"]


def test_a_run_is_headed_by_the_furthest_percentile_it_carries() -> None:
    short = replace(given.SHORT_SUMMARY, measure=replace(given.SHORT_SUMMARY.measure, validity=Validity.SUSPECT))
    assert headline.run_headline(given.SUMMARY).startswith("p99 6.81 ms [6.52, 7.10] at 199.9 req/s")
    assert headline.run_headline(short) == "p50 1.23 ms [1.20, 1.27] at 199.9 req/s, 0.7 % failed, load SUSPECT"


def test_a_run_too_short_for_any_percentile_still_has_a_first_line() -> None:
    window = given.WINDOW
    bare = replace(window, cpu=None, latency=replace(window.latency, quantiles=given.quantiles(None, None, None, None)))
    assert headline.run_headline(replace(given.SUMMARY, measure=bare)) == "at 199.9 req/s, load VALID"


def test_an_invalid_load_is_the_first_thing_said() -> None:
    assert headline.run_headline(given.SHORT_SUMMARY).startswith("INVALID load, do not use these numbers")


def _headline(*verdicts: tuple[Metric, Verdict], is_aa: bool = False) -> str:
    shape = experiments.COMPARISON.metrics[0]
    metrics = [replace(shape, metric=metric, verdict=verdict) for metric, verdict in verdicts]
    return headline.comparison_headline(replace(experiments.COMPARISON, metrics=metrics, is_aa=is_aa))


CHANGE = "-31.2 % [-32.0, -30.1]"
CPU, P50, P90, P99, P999 = Metric.CPU_PER_REQUEST, Metric.P50, Metric.P90, Metric.P99, Metric.P999


@pytest.mark.parametrize(
    ("verdicts", "said"),
    [
        ([(CPU, Verdict.IMPROVED), (P99, Verdict.EQUIVALENT)], f"improved: CPU per request {CHANGE}"),
        (
            [(CPU, Verdict.IMPROVED), (P99, Verdict.REGRESSED)],
            f"regressed: p99 {CHANGE}; improved: CPU per request {CHANGE}",
        ),
        (
            [(CPU, Verdict.IMPROVED), (Metric.PEAK_RSS, Verdict.REGRESSED)],
            f"improved: CPU per request {CHANGE}; regressed: peak RSS {CHANGE}",
        ),
        ([(CPU, Verdict.EQUIVALENT), (P50, Verdict.EQUIVALENT)], "equivalent, within the margin: CPU per request, p50"),
        (
            [(CPU, Verdict.EQUIVALENT), (P99, Verdict.INCONCLUSIVE)],
            "equivalent, within the margin: CPU per request; inconclusive: p99",
        ),
        ([(CPU, Verdict.IMPROVED), (P999, Verdict.INCONCLUSIVE)], f"improved: CPU per request {CHANGE}"),
        ([(P999, Verdict.INCONCLUSIVE)], "inconclusive: p99.9"),
        ([(CPU, Verdict.TOO_NOISY), (P99, Verdict.TOO_NOISY)], "too-noisy: CPU per request, p99"),
        ([(CPU, Verdict.INVALID)], "invalid: CPU per request"),
        ([], "nothing was compared: no epoch could be used"),
    ],
)
def test_a_comparison_is_headed_by_what_it_decided_and_what_it_did_not(
    verdicts: list[tuple[Metric, Verdict]], said: str
) -> None:
    assert _headline(*verdicts) == said


def test_many_changes_are_counted() -> None:
    improved = [(metric, Verdict.IMPROVED) for metric in (CPU, P50, P90, P99)]
    assert _headline(*improved).endswith("and 1 more")


def test_identical_variants_are_called_an_aa() -> None:
    found = _headline((CPU, Verdict.EQUIVALENT), (P99, Verdict.INCONCLUSIVE), is_aa=True)
    assert found.endswith("; no difference was found, as it should be: CPU per request; inconclusive: p99")
    undecided = _headline((CPU, Verdict.INCONCLUSIVE), (P99, Verdict.TOO_NOISY), is_aa=True)
    assert undecided.endswith("with the same settings; nothing could be decided")
    assert "1 false verdict: p99" in _headline((CPU, Verdict.EQUIVALENT), (P99, Verdict.REGRESSED), is_aa=True)


def test_lags_follow_the_quantile_rule() -> None:
    told = {"p50": 1e3, "p90": 2e3, "p99": 3e3, "p99.9": 4e3, "max": 5e3}
    assert phrases.lags(told, 20_000).split(", ") == [
        "p50 1.00 µs",
        "p90 2.00 µs",
        "p99 3.00 µs",
        "p99.9 4.00 µs",
        "max 5.00 µs",
    ]
    assert phrases.lags(told, 2_000) == "p50 1.00 µs, p90 2.00 µs, p99 3.00 µs, max 5.00 µs"
