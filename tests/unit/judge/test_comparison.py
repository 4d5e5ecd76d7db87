"""Verdicts of whole experiments, on simulated services."""

import math
from dataclasses import replace
from typing import Any

import msgspec
import pytest
from tests.support.experiments import Model, simulate
from tests.support.recordings import ENVIRONMENT, TWO_VARIANTS, S, artifact, record

from tailtune.bundle import Bundle, Workspace
from tailtune.errors import NothingMeasuredError, UsageError
from tailtune.judge.comparison import compare
from tailtune.judge.decision import epochs_needed
from tailtune.judge.statistics import mapped
from tailtune.model.instrument import Instrument
from tailtune.model.project import Variant
from tailtune.model.recording import CpuLayout, Kind
from tailtune.model.verdict import Comparison, Metric, MetricVerdict, Verdict
from tailtune.model.workload import Operation, Workload

QUIET: dict[str, Any] = {"epoch_sd": 0.003, "slice_sd": 0.004}


def answer(comparison: Comparison, metric: Metric) -> MetricVerdict:
    (found,) = [verdict for verdict in comparison.metrics if verdict.metric is metric]
    return found


def verdicts(comparison: Comparison) -> set[Verdict]:
    return {verdict.verdict for verdict in comparison.metrics}


@pytest.mark.parametrize(
    ("factor", "expected"), [(1.05, Verdict.REGRESSED), (0.95, Verdict.IMPROVED), (1.0, Verdict.EQUIVALENT)]
)
def test_five_percent_are_found(tmp_path, factor, expected):
    comparison = compare(simulate(tmp_path, Model(cpu_factor=factor, latency_factor=factor, requests=2000, **QUIET)))
    for metric in (Metric.CPU_PER_REQUEST, Metric.P50, Metric.MEAN):
        found = answer(comparison, metric)
        assert found.verdict is expected, metric
        assert found.ratio is not None
        assert found.ratio.low is not None
        assert found.ratio.high is not None
        assert found.ratio.low <= factor * 1.004
        assert found.ratio.high >= factor * 0.996
        assert found.ratio.n == 10
    cpu = answer(comparison, Metric.CPU_PER_REQUEST)
    assert cpu.baseline == pytest.approx(2e6, rel=0.02)
    assert cpu.candidate == pytest.approx(2e6 * factor, rel=0.02)


def test_the_rate_of_false_verdicts_is_small(tmp_path):
    """Identical services on a noisy machine, restarts differing by 2 %: changes reported in the primary metrics."""
    false, trials = 0, 60
    for seed in range(trials):
        comparison = compare(simulate(tmp_path / str(seed), Model(seed=seed, requests=200, epochs=8)))
        for metric in (Metric.CPU_PER_REQUEST, Metric.P50):
            false += answer(comparison, metric).verdict in (Verdict.IMPROVED, Verdict.REGRESSED)
    assert false / (2 * trials) <= 0.08  # nominal 0.05 at most


def test_five_percent_are_found_through_noise(tmp_path):
    """The same noise, 5 % more CPU time: found in nearly all experiments."""
    found = 0
    for seed in range(20):
        model = Model(seed=seed, requests=200, epochs=10, cpu_factor=1.05)
        found += (
            answer(compare(simulate(tmp_path / str(seed), model)), Metric.CPU_PER_REQUEST).verdict is Verdict.REGRESSED
        )
    assert found >= 18


def test_noise_is_inconclusive_and_says_what_would_decide(tmp_path):
    found = answer(compare(simulate(tmp_path, Model(epoch_sd=0.1, epochs=6, seed=3))), Metric.P50)
    assert found.verdict is Verdict.INCONCLUSIVE
    assert found.epochs_needed is not None
    assert 6 < found.epochs_needed < 1000
    assert "holds both no change and a change" in found.reason


def test_few_epochs_decide_nothing(tmp_path):
    comparison = compare(simulate(tmp_path, Model(epochs=5, cpu_factor=2.0, latency_factor=2.0)))
    assert verdicts(comparison) == {Verdict.INCONCLUSIVE}
    assert "5 usable epochs; 6 are the fewest" in answer(comparison, Metric.CPU_PER_REQUEST).reason


def test_six_epochs_can_decide(tmp_path):
    comparison = compare(simulate(tmp_path, Model(epochs=6, cpu_factor=1.2)))
    assert answer(comparison, Metric.CPU_PER_REQUEST).verdict is Verdict.REGRESSED


def test_a_tail_without_enough_requests_is_not_judged(tmp_path):
    found = answer(compare(simulate(tmp_path, Model(requests=300))), Metric.P999)
    assert found.verdict is Verdict.INCONCLUSIVE
    assert found.ratio is None
    assert "too few requests for it in an epoch: 600" in found.reason


def test_unsteady_epochs_are_left_out_for_both(tmp_path):
    model = Model(cpu_factor=1.05, unsteady=(0, 4))
    comparison = compare(simulate(tmp_path, model))
    assert (comparison.epochs, comparison.epochs_excluded) == (10, 2)
    assert answer(comparison, Metric.CPU_PER_REQUEST).ratio is not None
    assert answer(comparison, Metric.CPU_PER_REQUEST).ratio.n == 8  # type: ignore[union-attr]


def test_many_unsteady_epochs_refuse_an_answer(tmp_path):
    comparison = compare(simulate(tmp_path, Model(cpu_factor=1.5, unsteady=(0, 4, 7))))
    assert verdicts(comparison) == {Verdict.UNSTEADY}
    assert "3 of 10 epochs did not become steady: it moves" in comparison.metrics[0].reason


def test_invalid_load_drops_the_pair_and_much_of_it_refuses_an_answer(tmp_path):
    invalid = {"validity": "INVALID", "reasons": "send-lag"}
    few = compare(simulate(tmp_path / "few", Model(slice_changes={3: invalid}, **QUIET)))
    assert few.pairs_dropped == 1
    assert Verdict.INVALID not in verdicts(few)
    unanswered = invalid | {"completed": 600}
    many = compare(simulate(tmp_path / "many", Model(slice_changes=dict.fromkeys(range(0, 20, 4), unanswered))))
    assert verdicts(many) == {Verdict.INVALID}
    assert "invalid in 5 of 20 pairs: send-lag" in many.metrics[0].reason


def test_an_invalid_load_that_was_answered_refuses_latency_but_not_cpu_time(tmp_path):
    """The faster the candidate, the sooner the engine's lateness matters beside its latency."""
    late = {index: {"validity": "INVALID", "reasons": "send-lag"} for index in range(0, 40, 3)}
    found = compare(simulate(tmp_path, Model(cpu_factor=0.5, slice_changes=late, **QUIET)))
    assert answer(found, Metric.CPU_PER_REQUEST).verdict is Verdict.IMPROVED
    assert answer(found, Metric.PEAK_RSS).verdict is Verdict.EQUIVALENT
    assert {answer(found, metric).verdict for metric in (Metric.P50, Metric.P99, Metric.MEAN)} == {Verdict.INVALID}
    assert any("latency was not judged" in text for text in found.warnings)


def test_disturbed_pairs_are_dropped_whole_and_said(tmp_path):
    disturbed = {"other_busy_ns": 4 * S}
    comparison = compare(simulate(tmp_path, Model(cpu_factor=1.1, slice_changes={5: disturbed}, **QUIET)))
    assert (comparison.pairs_total, comparison.pairs_dropped) == (20, 1)
    assert any("1 of 20 pairs dropped: CPU time of other programs" in warning for warning in comparison.warnings)
    assert answer(comparison, Metric.P50).ratio.n == 10  # type: ignore[union-attr]


def test_a_noisy_machine_refuses_latency_but_not_cpu_time(tmp_path):
    disturbed = {"other_busy_ns": 15 * S // 2}
    model = Model(cpu_factor=1.1, slice_changes=dict.fromkeys(range(0, 40, 3), disturbed), **QUIET)
    comparison = compare(simulate(tmp_path, model))
    assert answer(comparison, Metric.P50).verdict is Verdict.TOO_NOISY
    assert answer(comparison, Metric.P99).verdict is Verdict.TOO_NOISY
    assert answer(comparison, Metric.P99).ratio.n == 10  # type: ignore[union-attr]
    assert answer(comparison, Metric.CPU_PER_REQUEST).verdict is Verdict.REGRESSED
    assert answer(comparison, Metric.CPU_PER_REQUEST).ratio.n == 10  # type: ignore[union-attr]


def test_a_service_that_keeps_its_cpus_busy_is_warned_of(tmp_path):
    def warned(name: str, cpu_ns: int, **knobs: str) -> bool:
        changes = {index: {"cpu_user_ns": cpu_ns} for index in range(40)}
        variants = {"base": Variant(knobs=knobs), "fast": Variant(knobs=knobs)}
        base = {"layout": CpuLayout(engine=[1], service=[0], note=""), "variants": variants}
        bundle = simulate(tmp_path / name, Model(slice_changes=changes, base=base))
        return any("kept its CPUs" in text for text in compare(bundle).warnings)

    assert warned("busy", int(2.9 * S))  # of slices of 3 s
    assert not warned("idle", int(1.5 * S))
    assert not warned("two", int(2.9 * S), affinity="0,2")
    assert warned("pinned", int(2.9 * S), affinity="0,2", pinning="2")


SLOW: dict[int, dict[str, Any]] = {
    index: {"gauge_pieces": 500, "gauge_ns": 500 * 80_000, "cpu_user_ns": 2_000_000_000}
    if index % 3 == 0
    else {"gauge_pieces": 500, "gauge_ns": 500 * 40_000, "cpu_user_ns": 1_000_000_000}
    for index in range(40)
}
"""One slice of three ran on a CPU that was half as fast; the gauge shows it."""


def test_what_the_speed_of_the_cpus_did_to_cpu_time_is_taken_out_and_said(tmp_path):
    ungauged = {index: {"cpu_user_ns": changes["cpu_user_ns"]} for index, changes in SLOW.items()}
    found = compare(simulate(tmp_path / "gauged", Model(slice_changes=SLOW)))
    assert answer(found, Metric.CPU_PER_REQUEST).verdict is Verdict.EQUIVALENT
    assert any("CPUs' own speed" in text for text in found.warnings)
    without = compare(simulate(tmp_path / "ungauged", Model(slice_changes=ungauged)))
    assert answer(without, Metric.CPU_PER_REQUEST).verdict is Verdict.INCONCLUSIVE
    assert not any("CPUs' own speed" in text for text in without.warnings)


def test_where_only_the_load_of_slow_slices_is_invalid_their_speed_is_said_all_the_same(tmp_path):
    """CPU time comes from all pairs that were answered, and so does what is said of the gauge."""
    late = {
        index: changes | ({"validity": "INVALID", "reasons": "send-lag"} if index % 3 == 0 else {})
        for index, changes in SLOW.items()
    }
    found = compare(simulate(tmp_path, Model(slice_changes=late)))
    assert answer(found, Metric.P50).verdict is Verdict.INVALID
    assert answer(found, Metric.CPU_PER_REQUEST).verdict is Verdict.EQUIVALENT
    assert any("CPUs' own speed" in text for text in found.warnings)


def test_the_same_binary_with_the_same_settings_is_an_aa(tmp_path):
    twins = {"artifacts": [artifact("base", "aa"), artifact("fast", "aa")]}
    comparison = compare(simulate(tmp_path, Model(base=twins)))
    assert comparison.is_aa
    assert any("A/A" in warning for warning in comparison.warnings)
    assert not compare(simulate(tmp_path / "b", Model())).is_aa


@pytest.mark.parametrize(
    "setting", [{"env": {"GOGC": "400"}}, {"args": ["-x"]}, {"knobs": {"affinity": "0"}}, {"instrument": Instrument()}]
)
def test_the_same_binary_with_other_settings_is_none(setting, tmp_path):
    changes = {
        "artifacts": [artifact("base", "aa"), artifact("fast", "aa")],
        "variants": {"base": Variant(), "fast": Variant(**setting)},
    }
    assert not compare(simulate(tmp_path, Model(base=changes))).is_aa


def test_a_candidate_that_fails_more_often_is_warned_of(tmp_path):
    bundle = simulate(tmp_path, Model())
    failing = {
        row["slice"]: {"unexpected": 20} for row in bundle.table("slices").to_pylist() if row["variant"] == "fast"
    }
    comparison = compare(simulate(tmp_path / "failing", Model(slice_changes=failing)))
    expected = "fast fails more often: 2.50 % of its requests against 0.00 % of base, in 10 of 10 epochs"
    assert expected in comparison.warnings


def test_failures_that_made_the_load_invalid_count(tmp_path):
    """The order is drawn from the seed, so that a second simulation has the candidate in the same slice."""
    rows = simulate(tmp_path, Model()).table("slices").to_pylist()
    slice_index = next(row["slice"] for row in rows if row["variant"] == "fast")
    broken = {slice_index: {"unexpected": 700, "validity": "INVALID", "reasons": "errors"}}
    comparison = compare(simulate(tmp_path / "broken", Model(slice_changes=broken)))
    assert comparison.pairs_dropped == 1
    assert any("fast fails more often" in text and "in 1 of 10 epochs" in text for text in comparison.warnings)


def test_only_the_cpus_in_use_count_as_the_machine(tmp_path):
    layout = CpuLayout(engine=[1], service=[0], note="")
    large = msgspec.structs.replace(ENVIRONMENT, logical_cpus=64, allowed_cpus=list(range(64)))
    disturbed = {3: {"other_busy_ns": 5 * S}}
    for changes, dropped in (({"layout": layout}, 1), ({}, 0)):
        model = Model(slice_changes=disturbed, base={"environment": large, **changes})
        assert compare(simulate(tmp_path / str(dropped), model)).pairs_dropped == dropped


def test_epochs_to_ask_for_hold_as_many_unusable_ones(tmp_path):
    noisy = Model(epoch_sd=0.05, epochs=10, seed=3)
    all_usable = answer(compare(simulate(tmp_path / "all", noisy)), Metric.P50)
    some_left_out = answer(compare(simulate(tmp_path / "some", replace(noisy, unsteady=(2, 5)))), Metric.P50)
    assert all_usable.ratio is not None
    assert some_left_out.ratio is not None
    assert some_left_out.ratio.n == 8
    needed = epochs_needed(mapped(some_left_out.ratio, math.log), some_left_out.margin)
    assert needed is not None
    assert some_left_out.epochs_needed == math.ceil(needed * 10 / 8)


def test_a_change_among_many_metrics_needs_more(tmp_path):
    """Holm: significant alone, withdrawn as one of several; and said how many epochs would make it stand."""
    withdrawn = []
    for seed in range(20):
        model = Model(seed=seed, epochs=8, requests=200, latency_factor=1.05)
        withdrawn += [one for one in compare(simulate(tmp_path / str(seed), model)).metrics if "Holm" in one.reason]
    assert withdrawn
    for one in withdrawn:
        assert one.verdict is Verdict.INCONCLUSIVE
        assert one.metric not in (Metric.CPU_PER_REQUEST, Metric.P50, Metric.P99)
        assert one.epochs_needed is not None
        assert one.epochs_needed > 8


def test_operations_are_shown_by_themselves(tmp_path):
    workload = Workload(operations=[Operation(name="get"), Operation(name="put")])
    comparison = compare(simulate(tmp_path, Model(base={"workload": workload}, latency_factor=1.1)))
    assert [(ratio.operation, ratio.metric) for ratio in comparison.operations] == [
        ("get", Metric.P50),
        ("get", Metric.P99),
    ]
    assert comparison.operations[0].ratio.point == pytest.approx(1.1, rel=0.05)


def test_partial_experiments_are_judged_by_what_is_there(tmp_path):
    bundle = simulate(tmp_path, Model(base={"partial": True, "failure": "Ctrl-C"}))
    assert any("not finished: Ctrl-C" in warning for warning in compare(bundle).warnings)


def test_other_recordings_are_refused(tmp_path):
    workspace = Workspace(tmp_path)
    with pytest.raises(UsageError, match="is a run, not an experiment"):
        compare(Bundle.open(workspace.run(record(workspace))))
    empty = record(workspace, kind=Kind.EXPERIMENT, variants=TWO_VARIANTS)
    with pytest.raises(NothingMeasuredError, match="holds no slice"):
        compare(Bundle.open(workspace.run(empty)))
