"""The arithmetic of `benchmarks/verdicts`: rivals are beaten fairly, or not at all."""

import sys
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy import stats

from tailtune.judge.distribution import Distribution

FOLDER = Path(__file__).resolve().parents[2] / "benchmarks" / "verdicts"


@pytest.fixture(autouse=True)
def _on_the_path(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    before = set(sys.modules)
    monkeypatch.syspath_prepend(FOLDER)
    yield
    for name in set(sys.modules) - before:
        if name in {path.stem for path in FOLDER.glob("*.py")}:
            del sys.modules[name]


def test_ranks_of_counted_requests_are_those_of_single_ones() -> None:
    draws = np.random.default_rng(1)
    first, second = draws.poisson(20, 900), draws.poisson(21, 700)  # many ties
    z = import_module("rivals").rank_z(Distribution.from_values(first), Distribution.from_values(second))
    told = stats.mannwhitneyu(second, first, method="asymptotic", use_continuity=False)
    assert 2 * stats.norm.sf(abs(z)) == pytest.approx(told.pvalue)
    assert z > 0


def test_the_t_test_is_that_of_single_requests() -> None:
    rivals = import_module("rivals")
    for seed in range(20):
        draws = np.random.default_rng(seed)
        first, second = draws.normal(100, 5, 200), draws.normal(101, 9, 150)
        differs = stats.ttest_ind(first, second, equal_var=False).pvalue < 0.05
        answer = rivals.t_test(Distribution.from_values(first), Distribution.from_values(second))
        assert (answer is not rivals.Change.SAME) == differs


def test_ten_equal_runs_do_not_differ_and_ten_slower_ones_do() -> None:
    rivals = import_module("rivals")
    runs = [100.0 + n for n in range(10)]
    assert rivals.u_test(runs, [value + 0.5 for value in runs]) is rivals.Change.SAME
    assert rivals.u_test(runs, [value + 20 for value in runs]) is rivals.Change.SLOWER
    assert rivals.u_test([value + 20 for value in runs], runs) is rivals.Change.FASTER


def recorded(truth: str, epochs: int) -> Any:
    trials = import_module("trials")
    latency = Distribution.from_values([1.0])
    sides = [
        [trials.Run(epoch=epoch, pair=pair, latency=latency, cpu_ns=cpu) for epoch in range(epochs) for pair in (0, 1)]
        for cpu in (1.0, 2.0)
    ]
    return trials.Recorded("", trials.Change[truth], *sides, said={})


def test_one_after_the_other_uses_no_run_twice() -> None:
    pairs = list(recorded("SAME", 20).sequential())
    assert [(len(pair.first), len(pair.second)) for pair in pairs] == [(10, 10)] * 4
    used = [id(run) for pair in pairs for run in (*pair.first, *pair.second)]
    assert len(used) == len(set(used))
    assert max(run.epoch for run in pairs[0].first) < min(run.epoch for run in pairs[0].second)


def test_a_change_is_measured_before_and_after() -> None:
    [pair] = recorded("SLOWER", 8).sequential()
    assert {run.epoch for run in pair.first} == {0, 1, 2, 3}
    assert {run.epoch for run in pair.second} == {4, 5, 6, 7}
    assert {run.cpu_ns for run in pair.first} == {1.0}
    assert {run.cpu_ns for run in pair.second} == {2.0}


def test_single_runs_are_those_of_one_moment() -> None:
    pairs = list(recorded("SLOWER", 3).alone())
    assert len(pairs) == 6
    assert all(pair.first[0].epoch == pair.second[0].epoch for pair in pairs)


def test_every_case_of_history_is_whole() -> None:
    history = import_module("history")
    for name, case in history.known().items():
        assert (FOLDER / "history" / name / "tailtune.toml").is_file()
        assert all(one.verdict in {"improved", "regressed", "equivalent"} for one in case.expect)
    assert {path.parent.name for path in (FOLDER / "history").glob("*/tailtune.toml")} == set(history.known())


def test_an_answer_without_a_claim_is_neither_right_nor_wrong() -> None:
    assessed = import_module("history").assessed
    assert assessed("improved", "improved") == "right"
    assert assessed("inconclusive", "improved") == "undecided"
    assert assessed("equivalent", "improved") == "wrong"
    assert assessed("improved", "equivalent") == "wrong"
