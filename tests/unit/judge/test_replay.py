from pathlib import Path

import numpy as np
from tests.support.experiments import Model, simulate

from tailtune.judge.epochs import read_experiment
from tailtune.judge.replay import differences, drawn, replay
from tailtune.model.verdict import Metric


def test_experiments_are_drawn_without_repetition_and_relabelled() -> None:
    values = np.arange(1.0, 21.0)
    rows = drawn(values, 200, 15, np.random.default_rng(1))
    assert rows.shape == (200, 15)
    assert all(len(set(np.abs(row))) == 15 for row in rows)
    assert 0.4 < (rows > 0).mean() < 0.6
    assert set(np.abs(rows).ravel()) == set(values)


def test_recorded_epochs_give_few_false_verdicts(tmp_path: Path) -> None:
    recorded = [read_experiment(simulate(tmp_path / str(seed), Model(seed=seed, epochs=12))) for seed in (1, 2)]
    found = replay(differences(recorded), ["a", "b"], experiments=100, seed=1)
    by_metric = {one.metric: one for one in found.metrics}
    p50 = by_metric[Metric.P50]
    assert (p50.recordings, p50.epochs, p50.experiment_epochs) == (2, 24, 18)
    assert p50.false.verdicts == 100
    assert p50.false.passes
    assert "independent" in found.note


def test_too_few_epochs_are_not_drawn_from(tmp_path: Path) -> None:
    few = read_experiment(simulate(tmp_path, Model(epochs=6)))
    assert replay(differences([few]), ["a"], experiments=10, seed=1).metrics == []
