"""Whether two variants answer alike, and their gates, as text."""

from collections.abc import Sequence

from tailtune.model.answers import AnswersReport, GateResult
from tailtune.show.answers import example, gate_lines, notable, note, state, summed_up
from tailtune.show.text.table import labelled, paragraph, table


def answers(report: AnswersReport | None) -> list[str]:
    """Show whether answers are the same, where they are not, and what was not compared; no report: nothing."""
    if report is None:
        return []
    lines = paragraph(f"answers: {summed_up(report)}")
    for one in notable(report):
        lines += labelled(f"{one.operation}:", state(one))
        for difference in one.first:
            where, both = example(difference, report)
            lines += labelled(f"{where}:", both, indent=4)
        lines += labelled("note:", note(one), indent=4) if note(one) else []
    return lines + [line for text in report.warnings for line in labelled("-", text)]


def gates(results: Sequence[GateResult]) -> list[str]:
    """Show which variant passes which gate; no gates: nothing."""
    return ["gates", *table(gate_lines(results))] if results else []
