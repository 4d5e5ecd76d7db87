"""Whether two variants answer alike, and which gates they pass, in phrases that text and Markdown share."""

from collections.abc import Sequence

from tailtune.model.answer_rules import Compare
from tailtune.model.answers import AnswerDifference, AnswersReport, GateResult, OperationAnswers
from tailtune.show.printable import printable
from tailtune.show.values import count, plural


def summed_up(report: AnswersReport) -> str:
    """Say in one line whether the answers are the same."""
    differing = [one for one in report.operations if one.differing]
    if differing:
        told = ", ".join(f"{printable(one.operation)} in {of_compared(one)}" for one in differing)
        return f"{report.candidate} answers otherwise than {report.baseline}: {told}"
    if not report.compared:
        return "no answers were compared"
    partly = [one for one in report.operations if one.volatile]
    rest = f", {plural(len(partly), 'operation')} only in part" if partly else ""
    return f"the same to all {count(report.compared)} requests compared{rest}"


def of_compared(one: OperationAnswers) -> str:
    """Say how many answers to an operation differ."""
    return f"{count(one.differing)} of {count(one.compared)} answers"


def state(one: OperationAnswers) -> str:
    """Say how the answers to one operation compare."""
    if one.differing:
        places = ", ".join(printable(place) for place in one.places[:5])
        more = f" and {len(one.places) - 5} more places" if len(one.places) > 5 else ""
        return f"{of_compared(one)} differ, at {places}{more}"
    if one.compare is Compare.NONE or not one.compared:
        return "not compared"
    what = {Compare.STATUS: " in status", Compare.LENGTH: " in status and length"}.get(one.compare, "")
    return f"{count(one.equal)} equal{what}"


def notable(report: AnswersReport) -> list[OperationAnswers]:
    """Return the operations of which something is to be said."""
    return [one for one in report.operations if one.differing or one.note]


def note(one: OperationAnswers) -> str:
    """Return what was not compared of an operation."""
    return printable(one.note) if one.note else ""


def example(one: AnswerDifference, report: AnswersReport) -> tuple[str, str]:
    """Return where one difference is, and both sides of it."""
    where = f"request {one.request:,}, {printable(one.place)}"
    return where, f"{report.baseline}: {printable(one.baseline)}; {report.candidate}: {printable(one.candidate)}"


def gate_lines(gates: Sequence[GateResult]) -> list[tuple[str, str, str]]:
    """Return gate, variant and outcome of each; what both variants fail is not the candidate's fault, and says so."""
    everyone = {one.variant for one in gates}
    failing = {name: {one.variant for one in gates if one.name == name and not one.passed} for name in _names(gates)}
    lines = []
    for one in gates:
        shared = ", as every variant does" if len(everyone) > 1 and failing[one.name] == everyone else ""
        kept = f"; output in {one.log}" if one.log else ""
        outcome = one.reason or "passed" if one.passed else f"FAILED{shared}: {printable(one.reason)}{kept}"
        lines.append((one.name, one.variant, outcome))
    return lines


def _names(gates: Sequence[GateResult]) -> list[str]:
    return list(dict.fromkeys(one.name for one in gates))
