import pytest
from msgspec.structs import replace
from tests.support.experiment_results import COMPARISON

from tailtune.judge.acceptance import answers_of, gates_of, own_failures, shared_failures, why_withheld, withhold
from tailtune.model.answer_rules import Compare
from tailtune.model.answers import AnswersReport, GateResult, OperationAnswers
from tailtune.model.verdict import Verdict


def report(differing: int) -> AnswersReport:
    one = OperationAnswers(
        operation="search", compare=Compare.BODY, compared=40, equal=40 - differing, differing=differing
    )
    return AnswersReport(baseline="base", candidate="fast", asked=40, operations=[one])


def gate(variant: str, name: str, *, passed: bool) -> GateResult:
    return GateResult(variant=variant, name=name, passed=passed, seconds=1.0)


VERDICTS = [*COMPARISON.metrics, replace(COMPARISON.metrics[0], verdict=Verdict.REGRESSED)]


def test_nothing_against_it_changes_nothing() -> None:
    gates = [gate("base", "test", passed=True), gate("fast", "test", passed=True)]
    assert withhold(VERDICTS, report(0), gates) == VERDICTS
    assert withhold(VERDICTS, None) == VERDICTS


def test_an_improvement_with_other_answers_is_none() -> None:
    held = withhold(VERDICTS, report(3))
    for before, after in zip(VERDICTS, held, strict=True):
        if before.verdict is Verdict.IMPROVED:
            assert after.verdict is Verdict.INCONCLUSIVE
            assert after.reason.startswith("answers differ: search in 3 of 40; measured: ")
            assert (after.ratio, after.epochs_needed) == (before.ratio, None)
        else:
            assert after == before
    assert {one.verdict for one in held} >= {Verdict.REGRESSED, Verdict.EQUIVALENT}


@pytest.mark.parametrize(
    ("base", "fast", "why"), [(True, False, "fast fails the gate race"), (False, False, ""), (False, True, "")]
)
def test_only_a_gate_that_the_candidate_alone_fails_counts(base: bool, fast: bool, why: str) -> None:
    gates = [gate("base", "race", passed=base), gate("fast", "race", passed=fast)]
    assert why_withheld(report(0), gates) == why
    assert (withhold(VERDICTS, None, gates) == VERDICTS) == (not why)
    assert shared_failures(gates) == (["race"] if not base and not fast else [])


def test_with_several_candidates_each_answers_for_itself() -> None:
    gates = [gate("base", "test", passed=True), gate("a", "test", passed=False), gate("b", "test", passed=True)]
    assert own_failures(gates, "a") == [gates[1]]
    assert why_withheld(None, gates, candidate="b") == ""
    assert "a fails" in why_withheld(None, gates, candidate="a")
    both = [gates[0], gates[1], gate("b", "test", passed=False)]
    assert own_failures(both, "a") == [gates[1]]
    assert "b fails" in why_withheld(None, both, candidate="b")


def test_each_candidate_has_its_own() -> None:
    reports = [replace(report(0), candidate=name) for name in ("a", "b")]
    assert answers_of(reports, "b") is reports[1]
    assert answers_of(reports, "c") is None
    gates = [gate(name, "test", passed=True) for name in ("base", "a", "b")]
    assert gates_of(gates, "base", "b") == [gates[0], gates[2]]
