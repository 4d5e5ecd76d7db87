"""`tailtune selftest load` as text."""

from collections.abc import Sequence
from typing import Final

from tailtune.model.selftest import Figure, LoadSelftest, LoadTest, Truth
from tailtune.model.units import format_ns
from tailtune.show.text.notes import warnings
from tailtune.show.text.table import page, paragraph, table
from tailtune.show.text.window import reasons
from tailtune.show.values import confidence, count, interval, plural

_HEADLINES: Final = {
    Truth.HOLDS: "the load engine reports what is true on this machine",
    Truth.DISTURBED: "not shown: this machine was too disturbed, as the loads said themselves",
    Truth.FAILS: "the load engine reported what is not true",
}
_HEADER: Final = ("", "expected", "measured", "off by", "allowed", "theory of such schedules", "")


def load_selftest(result: LoadSelftest) -> str:
    """Show the verdict, then each test with what was expected and what was measured."""
    names = [test.name for test in result.tests if test.outcome is result.outcome]
    which = "" if result.outcome is Truth.HOLDS else f": {', '.join(names)}"
    figures = sum(len(test.figures) for test in result.tests)
    counted = f"{plural(len(result.tests), 'test')}, {plural(figures, 'figure')} in {result.seconds:.0f} s"
    return page(
        [*paragraph(f"{result.outcome}: {_HEADLINES[result.outcome]}{which}"), counted],
        *(_test(test) for test in result.tests),
        _legend(result.tests),
        warnings(result.warnings),
    )


def _test(test: LoadTest) -> list[str]:
    wanted = ", as it must be" if test.validity in test.accepted else ""
    missed = f", but has to be {' or '.join(test.accepted)}" if test.accepted and not wanted else ""
    head = f"{test.outcome}  {test.title} ({plural(test.requests, 'request')}; load {test.validity}{wanted}{missed})"
    return [
        *paragraph(head),
        *table([_row(one) for one in test.figures], header=_HEADER, right=range(1, 5)),
        *(f"  {line}" for line in reasons(test.reasons)),
        *(line for note in test.notes for line in paragraph(note, indent=2)),
    ]


def _row(one: Figure) -> tuple[str, ...]:
    write = format_ns if one.unit == "ns" else count
    off = one.measured - one.expected
    return (
        one.name,
        write(one.expected),
        write(one.measured),
        f"{'-' if off < 0 else '+'}{write(abs(off))}" if off else "0",
        write(one.tolerance),
        f"{format_ns(one.theory.point)} {interval(one.theory, format_ns)}" if one.theory else "",
        str(one.outcome),
    )


def _legend(tests: Sequence[LoadTest]) -> list[str]:
    theory = next((one.theory for test in tests for one in test.figures if one.theory), None)
    if theory is None:
        return []
    return paragraph(
        "expected: this very schedule and these service times, computed exactly, without any way through a kernel; "
        f"theory: the steady state, and where {confidence(theory)} of schedules of this length fall"
    )
