import multiprocessing
from pathlib import Path

import pytest
from msgspec.structs import replace
from tests.support import experiment_results as experiments
from tests.support.results import ENVIRONMENT

from tailtune.bundle.tally import count_aa, counted, machine_of, tally_path
from tailtune.errors import RecordingError

MACHINE = machine_of(ENVIRONMENT)


@pytest.fixture(autouse=True)
def _state(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))


def count(name: str) -> None:
    count_aa(replace(experiments.AA.comparison, experiment_id=name), ENVIRONMENT, "2026-01-01T00:00:00+00:00")


def test_comparisons_are_counted_by_machine() -> None:
    assert counted(MACHINE) == []
    count("a")
    count("b")
    assert [one.experiment for one in counted(MACHINE)] == ["a", "b"]
    assert counted(machine_of(replace(ENVIRONMENT, hostname="other"))) == []
    assert machine_of(replace(ENVIRONMENT, kernel="newer")) == MACHINE
    given = {one.metric: one.verdict for one in experiments.AA.comparison.metrics if one.ratio is not None}
    assert counted(MACHINE)[0].verdicts == given


def test_an_experiment_that_is_judged_again_counts_once() -> None:
    count("a")
    count("a")
    assert len(counted(MACHINE)) == 1


def test_a_line_that_was_cut_off_spoils_no_other() -> None:
    count("a")
    with tally_path().open("ab") as file:
        file.write(b'{"machine": "cut')
    count("b")
    assert [one.experiment for one in counted(MACHINE)] == ["a", "b"]


def test_several_may_count_at_once() -> None:
    names = [f"{number:03}" for number in range(40)]
    with multiprocessing.get_context("fork").Pool(4) as pool:
        pool.map(count, names, chunksize=1)
    assert sorted(one.experiment for one in counted(MACHINE)) == names


def test_what_cannot_be_written_is_refused_by_name(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "file"))
    with pytest.raises(RecordingError, match=r"aa-verdicts\.jsonl") as told:
        count("a")
    assert "XDG_STATE_HOME" in told.value.hint
