from pathlib import Path
from typing import Any

import msgspec
import pytest
from tests.support.experiments import Model, simulate
from tests.support.imports import Silent
from tests.support.recordings import TWO_VARIANTS, artifact

from tailtune.bundle.tally import tally_path
from tailtune.errors import NotReadyError, RunInterruptedError, UsageError
from tailtune.judge import synthetic
from tailtune.judge.comparison import compare
from tailtune.judge.epochs import read_experiment
from tailtune.lab import selftest_live as live
from tailtune.lab import selftest_verdicts
from tailtune.lab.selftest_service import SLOWDOWNS, arguments, as_it_is, asked, plan
from tailtune.model.recording import CpuLayout
from tailtune.model.selftest import Truth
from tailtune.model.selftest_verdicts import LiveAA, LiveInjected, Parts, VerdictSelftest
from tailtune.model.verdict import Metric

SAME = {
    "variants": {"base": TWO_VARIANTS["base"], "again": TWO_VARIANTS["base"]},
    "artifacts": [artifact("base", "aa"), artifact("again", "aa")],
}


@pytest.fixture(autouse=True)
def _state(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))


@pytest.fixture
def few_regimes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(synthetic, "SHAPES", ("normal",))
    monkeypatch.setattr(synthetic, "EPOCH_SDS", (0.02, 0.2))


def compared(root: Path, **changes: Any) -> live.Compared:
    bundle = simulate(root, Model(**changes))
    return live.Compared(
        comparison=compare(bundle),
        experiment=read_experiment(bundle),
        epoch_ends_s=[20.0 * (number + 1) for number in range(10)],
    )


@pytest.mark.usefixtures("few_regimes")
def test_the_synthetic_part_and_the_replay_of_a_projects_recordings(tmp_path: Path) -> None:
    recorded = simulate(tmp_path, Model(epochs=14, candidate="again", base=SAME))
    simulate(tmp_path, Model())
    parts = Parts(synthetic=20, replay=50)
    result = selftest_verdicts.selftest_verdicts(parts, tmp_path, Silent())
    assert result.synthetic is not None
    assert [one.epoch_sd for one in result.synthetic.regimes] == [0.02, 0.2]
    assert result.synthetic.experiments == 80
    assert result.replayed is not None
    assert result.replayed.recordings == [recorded.id]
    assert result.outcome is Truth.HOLDS
    assert result.live_aa is None
    assert result.injected is None
    kept = tally_path().with_name("selftest-verdicts.json")
    assert msgspec.json.decode(kept.read_bytes(), type=VerdictSelftest).synthetic == result.synthetic


def test_without_recordings_there_is_nothing_to_replay(tmp_path: Path) -> None:
    result = selftest_verdicts.selftest_verdicts(Parts(replay=10), tmp_path, Silent())
    assert result.replayed is None
    assert "nothing to replay" in result.warnings[0]
    assert result.outcome is Truth.DISTURBED


def test_an_interrupted_run_keeps_what_it_has(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    one = compared(tmp_path, candidate="again", base=SAME).comparison

    def interrupted(stand: live.Stand, count: int, seed: int, keep: Any) -> None:
        keep(live.aa_of([one], count, stand.hogs), [])
        raise RunInterruptedError("interrupted")

    monkeypatch.setattr(live, "live_aa", interrupted)
    monkeypatch.setattr(selftest_verdicts, "calibrated", lambda: 1)
    result = selftest_verdicts.selftest_verdicts(Parts(live_aa=3), tmp_path, Silent())
    assert result.interrupted
    assert result.live_aa is not None
    assert (result.live_aa.made, result.live_aa.asked) == (1, 3)


def test_more_false_verdicts_than_chance_explains_fail(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    false = [compared(tmp_path / str(n), seed=n, latency_factor=1.4, cpu_factor=1.3).comparison for n in range(4)]
    monkeypatch.setattr(live, "live_aa", lambda stand, count, seed, keep: keep(live.aa_of(false, count, 0), []))
    monkeypatch.setattr(selftest_verdicts, "calibrated", lambda: 1)
    result = selftest_verdicts.selftest_verdicts(Parts(live_aa=4), tmp_path, Silent())
    assert result.outcome is Truth.FAILS
    assert any("live A/A, p50: 4 of 4 false" in text for text in result.failed)


def test_a_slowdown_that_does_not_exist_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cpu-7") as told:
        selftest_verdicts.selftest_verdicts(Parts(live_injected=1, slowdowns=("cpu-7",)), tmp_path, Silent())
    assert "cpu-5" in told.value.hint


def test_the_time_to_the_verdict_is_that_of_the_deciding_look(tmp_path: Path) -> None:
    slow = compared(tmp_path, cpu_factor=1.3)
    found = live.injected_of(SLOWDOWNS[0], [slow])
    cpu = next(one for one in slow.comparison.metrics if one.metric is Metric.CPU_PER_REQUEST)
    assert cpu.decided_at is not None
    assert found.epochs_to_verdict == [cpu.decided_at]
    assert found.seconds_to_verdict == [20.0 * cpu.decided_at]
    assert found.median_seconds == found.seconds_to_verdict[0]
    assert found.metrics[0].verdicts == {"regressed": 1}
    assert found.seconds_needed == []
    assert found.false.false == 0


def test_the_deciding_look_is_known_where_all_loads_are_invalid_but_answered(tmp_path: Path) -> None:
    late = {index: {"validity": "INVALID", "reasons": "send-lag"} for index in range(40)}
    slow = compared(tmp_path, cpu_factor=1.3, slice_changes=late)
    cpu = next(one for one in slow.comparison.metrics if one.metric is Metric.CPU_PER_REQUEST)
    assert cpu.decided_at is not None
    assert live.injected_of(SLOWDOWNS[0], [slow]).epochs_to_verdict == [cpu.decided_at]


def test_a_slowdown_that_is_called_none_is_a_false_verdict(tmp_path: Path) -> None:
    same, fast = compared(tmp_path / "same", epoch_sd=0.0, slice_sd=0.002), compared(tmp_path / "fast", cpu_factor=0.7)
    assert live.injected_of(SLOWDOWNS[0], [same, fast]).false.false == 1
    assert live.injected_of(SLOWDOWNS[2], [same, fast]).false.false == 2


class Recorder:
    """A stand whose comparisons are given."""

    def __init__(self, given: list[live.Compared | None]) -> None:
        self.given = given
        self.hogs = 0
        self.progress = Silent()
        self.asked: list[str] = []

    def compare(self, slowdown: object, *, title: str, **_: object) -> live.Compared | None:
        self.asked.append(title)
        return self.given[len(self.asked) - 1]


def test_a_series_goes_on_after_a_comparison_that_failed(tmp_path: Path) -> None:
    one = compared(tmp_path, candidate="again", base=SAME)
    stand: Any = Recorder([one, None, one])
    kept: list[LiveAA] = []
    live.live_aa(stand, 3, 1, lambda found, _: kept.append(found))
    assert [one.made for one in kept] == [1, 2]
    stand = Recorder([one, None])
    told: list[LiveInjected] = []
    live.injected(stand, list(SLOWDOWNS[:2]), 1, 1, told.append)
    assert [[each.name for each in one.slowdowns] for one in told] == [["cpu-2"]]


def test_failures_one_after_the_other_end_a_series(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def fails(*_: object, **__: object) -> str:
        raise NotReadyError("it is silent")

    monkeypatch.setattr(live, "carry_out", fails)
    stand = live.Stand(tmp_path, CpuLayout(engine=[0], service=[0], note=""), 1, 0, Silent())
    options: dict[str, Any] = {"seed": 1, "epochs": 6, "budget_s": 1.0, "title": "A/A 1"}
    assert stand.compare(None, **options) is None
    assert stand.compare(None, **options) is None
    with pytest.raises(NotReadyError):
        stand.compare(None, **options)
    assert stand.warnings == ["A/A 1 failed: it is silent"]


def test_a_slowdown_is_more_rounds_and_nothing_else(tmp_path: Path) -> None:
    base, slow = (arguments(600, one) for one in (as_it_is(SLOWDOWNS[1]), SLOWDOWNS[1]))
    assert [pair for pair in zip(base, slow, strict=True) if pair[0] != pair[1]] == [("--rounds=600", "--rounds=630")]
    wanted = asked(SLOWDOWNS[1], epochs=6, budget_s=60, seed=3)
    assert wanted.deciding == [Metric.CPU_PER_REQUEST]
    planned = plan(tmp_path, 600, SLOWDOWNS[1], wanted)
    assert list(planned.variants) == ["base", "cpu-5"]
    assert planned.variants["cpu-5"].args == slow
    assert list(plan(tmp_path, 600, None, wanted).variants) == ["base", "base (again)"]


def test_the_service_as_it_is_has_the_tail_that_a_slowdown_lengthens(tmp_path: Path) -> None:
    (longer,) = (one for one in SLOWDOWNS if one.usual_times > 1)
    wanted = asked(longer, epochs=6, budget_s=60, seed=3)
    planned = plan(tmp_path, 600, longer, wanted)
    slow = planned.variants[longer.name].args
    base = arguments(600, as_it_is(longer))
    assert slow is not None
    assert [pair for pair in zip(base, slow, strict=True) if pair[0] != pair[1]] == [
        ("--slow-times=10", "--slow-times=11")
    ]
    assert wanted.deciding == [Metric.P99]
