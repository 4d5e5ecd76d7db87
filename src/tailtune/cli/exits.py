"""From results to exit codes, where the result and not an error decides."""

from collections.abc import Iterable
from enum import StrEnum
from typing import Final

from tailtune.errors import EXIT_INCONCLUSIVE, EXIT_OK, EXIT_REGRESSION, LoadInvalidError
from tailtune.model.load import Validity
from tailtune.model.verdict import Comparison, Metric, Verdict


class FailOn(StrEnum):
    """What a comparison may fail on, when asked."""

    REGRESSION = "regression"
    INCONCLUSIVE = "inconclusive"


DECIDING: Final = (Metric.CPU_PER_REQUEST, Metric.P50, Metric.P99)
"""The metrics that must be decided; the others are shown, and count when they regressed."""


def exit_of_load(validity: Validity) -> int:
    """Return 103 for a load that may not be used; its numbers have been shown with the reasons."""
    return LoadInvalidError.exit_code if validity is Validity.INVALID else EXIT_OK


def exit_of_comparison(comparison: Comparison, fail_on: Iterable[FailOn]) -> int:
    """Return 100 if asked to fail on a regression and there is one, 3 likewise for no decision, else 0.

    A refusal (unsteady, too noisy, invalid) is no decision.
    """
    asked = set(fail_on)
    if FailOn.REGRESSION in asked and any(one.verdict is Verdict.REGRESSED for one in comparison.metrics):
        return EXIT_REGRESSION
    undecided = [
        one
        for one in comparison.metrics
        if one.metric in DECIDING and (one.verdict is Verdict.INCONCLUSIVE or one.verdict.is_refusal)
    ]
    return EXIT_INCONCLUSIVE if FailOn.INCONCLUSIVE in asked and undecided else EXIT_OK
