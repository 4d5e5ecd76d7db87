"""Whether two variants answer alike, and their gates, as Markdown."""

from collections.abc import Sequence

from tailtune.model.answers import AnswersReport, GateResult
from tailtune.show.answers import example, gate_lines, notable, note, state, summed_up
from tailtune.show.markdown.blocks import bullets, code, escaped, table


def answers(report: AnswersReport | None) -> list[str]:
    """Return blocks: whether answers are the same, by operation, and the first differences; no report: none."""
    if report is None:
        return []
    rows = [[code(one.operation), escaped(state(one)), escaped(note(one))] for one in report.operations]
    differences = [
        f"{code(one.operation)}, {escaped(where)}: {code(both)}"
        for one in notable(report)
        for where, both in (example(found, report) for found in one.first)
    ]
    return [
        f"Answers: {escaped(summed_up(report))}.",
        table(["operation", "answers", "not compared"], rows),
        bullets(differences),
        bullets([escaped(text) for text in report.warnings]),
    ]


def gates(results: Sequence[GateResult]) -> list[str]:
    """Return a table of gates; none: nothing."""
    rows = [[code(name), code(variant), escaped(outcome)] for name, variant, outcome in gate_lines(results)]
    return [table(["gate", "variant", "outcome"], rows)] if rows else []
