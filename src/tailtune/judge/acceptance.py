"""Right before fast: what keeps an improvement from being called one."""

from collections.abc import Iterable, Sequence

import msgspec

from tailtune.model.answers import AnswersReport, GateResult
from tailtune.model.verdict import MetricVerdict, Verdict


def withhold(
    verdicts: Iterable[MetricVerdict],
    answers: AnswersReport | None,
    gates: Sequence[GateResult] = (),
    *,
    candidate: str = "",
    died: Sequence[str] = (),
) -> list[MetricVerdict]:
    """Return the verdicts, `improved` turned into `inconclusive` where the candidate does not do the same work.

    Args:
        verdicts: What the measurements say.
        answers: Whether both variants answer alike; absent: not asked.
        gates: The baseline's first. What fails for the baseline too is not the candidate's fault.
        candidate: Its name; empty: the variant of the last gate.
        died: Variants that ended by themselves during the experiment.
    """
    crashed = f"{candidate} ended by itself" if candidate in died else ""
    why = "; ".join(text for text in (crashed, why_withheld(answers, gates, candidate=candidate)) if text)
    return [
        msgspec.structs.replace(
            one, verdict=Verdict.INCONCLUSIVE, epochs_needed=None, reason=f"{why}; measured: {one.reason}"
        )
        if why and one.verdict is Verdict.IMPROVED
        else one
        for one in verdicts
    ]


def why_withheld(answers: AnswersReport | None, gates: Sequence[GateResult] = (), *, candidate: str = "") -> str:
    """Return what speaks against the candidate whatever its speed; empty where nothing does."""
    reasons = []
    if answers is not None and answers.differ:
        told = [f"{one.operation} in {one.differing} of {one.compared}" for one in answers.operations if one.differing]
        reasons.append(f"answers differ: {', '.join(told)}")
    failed = own_failures(gates, candidate or (gates[-1].variant if gates else ""))
    reasons += [f"{one.variant} fails the gate {one.name}" for one in failed]
    return "; ".join(reasons)


def own_failures(gates: Sequence[GateResult], candidate: str) -> list[GateResult]:
    """Return the gates that this variant fails and the baseline, whose results come first, does not."""
    excused = {one.name for one in gates if not one.passed and one.variant == gates[0].variant}
    return [one for one in gates if one.variant == candidate and not one.passed and one.name not in excused]


def shared_failures(gates: Sequence[GateResult]) -> list[str]:
    """Return the names of the gates that no variant passes, where there are several: they say nothing of either."""
    variants = {one.variant for one in gates}
    failing = {name: {one.variant for one in gates if one.name == name and not one.passed} for name in _names(gates)}
    return [name for name, found in failing.items() if len(variants) > 1 and found == variants]


def _names(gates: Sequence[GateResult]) -> list[str]:
    return list(dict.fromkeys(one.name for one in gates))


def answers_of(reports: Iterable[AnswersReport], candidate: str) -> AnswersReport | None:
    """Return the report about one candidate of an experiment; absent where it was not asked."""
    return next((one for one in reports if one.candidate == candidate), None)


def gates_of(gates: Iterable[GateResult], *variants: str) -> list[GateResult]:
    """Return the results of these variants of an experiment."""
    return [one for one in gates if one.variant in variants]
