from pathlib import Path

import pytest
from tests.support.experiments import Model, simulate
from tests.support.recordings import TWO_VARIANTS, artifact

from tailtune.lab.compare import compare_result
from tailtune.lab.facts import facts_of
from tailtune.show.markdown.report import report
from tailtune.show.text.compare import compare_result as text
from tailtune.show.text.runs import one_run

SAME = {
    "variants": {"base": TWO_VARIANTS["base"], "again": TWO_VARIANTS["base"]},
    "artifacts": [artifact("base", "aa"), artifact("again", "aa")],
}


@pytest.fixture(autouse=True)
def _state(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))


def test_an_aa_counts_and_every_comparison_tells_the_count(tmp_path: Path) -> None:
    changed = simulate(tmp_path / "one", Model())
    first = compare_result(changed.path)
    assert first.tally is None
    assert "this machine" not in text(first)
    same = simulate(tmp_path / "two", Model(candidate="again", base=SAME))
    counted = compare_result(same.path).tally
    assert counted is not None
    assert (counted.comparisons, counted.verdicts) == (1, 3)
    line = f"this machine: {counted.false} of 3 A/A verdicts false (at most "
    assert line in text(compare_result(changed.path))
    facts = facts_of(changed)
    assert facts.tally == counted
    assert line in one_run(facts)
    assert line in report(facts)


def test_an_aa_that_was_cut_short_does_not_count(tmp_path: Path) -> None:
    partial = simulate(tmp_path, Model(candidate="again", base=SAME | {"partial": True, "failure": "interrupted"}))
    assert compare_result(partial.path).tally is None
