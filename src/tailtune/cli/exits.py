"""From results to exit codes, where the result and not an error decides."""

from collections.abc import Iterable
from enum import StrEnum

from tailtune.errors import (
    EXIT_CONDITION,
    EXIT_INCONCLUSIVE,
    EXIT_OK,
    EXIT_REGRESSION,
    LoadInvalidError,
    RunInterruptedError,
)
from tailtune.model.condition import ConditionResult, Outcome
from tailtune.model.load import LoadReport, Validity
from tailtune.model.profile_view import ProfileResult
from tailtune.model.selftest import LoadSelftest, Truth
from tailtune.model.selftest_verdicts import VerdictSelftest
from tailtune.model.verdict import PRIMARY, Comparison, Verdict


class FailOn(StrEnum):
    """What a comparison may fail on, when asked."""

    REGRESSION = "regression"
    INCONCLUSIVE = "inconclusive"


def exit_of_load(report: LoadReport) -> int:
    """Return 130 for an interrupted load and 103 for one that may not be used; what there is has been shown."""
    if report.interrupted:
        return RunInterruptedError.exit_code
    return LoadInvalidError.exit_code if report.validity is Validity.INVALID else EXIT_OK


def exit_of_profile(result: ProfileResult) -> int:
    """Return 130 for a profile that Ctrl-C ended early, else 0; what there is has been shown."""
    return RunInterruptedError.exit_code if result.interrupted else EXIT_OK


def exit_of_selftest(result: LoadSelftest) -> int:
    """Return 103 if the engine reported what is not true, 3 if the machine was too disturbed to show it, else 0."""
    if result.outcome is Truth.FAILS:
        return LoadInvalidError.exit_code
    return EXIT_INCONCLUSIVE if result.outcome is Truth.DISTURBED else EXIT_OK


def exit_of_verdicts(result: VerdictSelftest) -> int:
    """Return 130 if it was ended early, 103 if more verdicts were false than chance explains, 3 without any, else 0."""
    if result.interrupted:
        return RunInterruptedError.exit_code
    if result.outcome is Truth.FAILS:
        return LoadInvalidError.exit_code
    return EXIT_INCONCLUSIVE if result.outcome is Truth.DISTURBED else EXIT_OK


def exit_of_conditions(report: LoadReport | None, conditions: Iterable[ConditionResult]) -> int:
    """Return what `exit_of_load` says, else 104 if a condition failed, 3 if one is undecided, else 0.

    So an interrupted or INVALID load passes nothing, whatever was measured.
    """
    code = exit_of_load(report) if report else EXIT_OK
    outcomes = {one.outcome for one in conditions}
    if code == EXIT_OK and Outcome.FAILED in outcomes:
        return EXIT_CONDITION
    return EXIT_INCONCLUSIVE if code == EXIT_OK and Outcome.UNDECIDED in outcomes else code


def exit_of_comparison(comparison: Comparison, fail_on: Iterable[FailOn]) -> int:
    """Return 100 if asked to fail on a regression and there is one, 3 likewise for no decision, else 0.

    A refusal (unsteady, too noisy, invalid) is no decision.
    """
    asked = set(fail_on)
    if FailOn.REGRESSION in asked and comparison.regressions:
        return EXIT_REGRESSION
    undecided = [
        one
        for one in comparison.metrics
        if one.metric in PRIMARY and (one.verdict is Verdict.INCONCLUSIVE or one.verdict.is_refusal)
    ]
    return EXIT_INCONCLUSIVE if FailOn.INCONCLUSIVE in asked and undecided else EXIT_OK
