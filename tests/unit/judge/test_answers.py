import hashlib
import itertools
import zlib
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tailtune.judge.answer_pairs import Reading, compare_pair
from tailtune.judge.answers import compare_answers
from tailtune.model.answer_rules import AnswerRules, Compare
from tailtune.model.answers import Answer, AnswerSet, AnswersReport, OperationAnswers
from tailtune.model.workload import Operation, Workload


def answer(body: bytes | str, number: int = 0, *, operation: int = 0, status: int = 200, **more: object) -> Answer:
    content = body.encode() if isinstance(body, str) else body
    plain = Answer(
        number=number,
        operation=operation,
        outcome="ok",
        status=status,
        length=len(content),
        sha256=hashlib.sha256(content).digest(),
        body=content,
        cut=False,
    )
    return msgspec.structs.replace(plain, **more)


def answers(variant: str, *bodies: bytes | str) -> AnswerSet:
    return AnswerSet(variant=variant, answers=[answer(body, number) for number, body in enumerate(bodies)])


def compared(
    base: AnswerSet, other: AnswerSet, again: AnswerSet | None = None, **rules: Any
) -> tuple[AnswersReport, OperationAnswers]:
    operation = Operation(name="get", answers=msgspec.convert(rules, AnswerRules))
    report = compare_answers(Workload(operations=[operation]), base, other, again)
    return report, report.operations[0]


def test_equal_answers() -> None:
    report, one = compared(answers("base", "a", "{}"), answers("fast", "a", "{}"))
    assert (report.asked, report.differ, one.compared, one.equal) == (2, False, 2, 2)
    assert (report.baseline, report.candidate, report.warnings) == ("base", "fast", [])


def test_json_is_compared_as_parsed() -> None:
    _, one = compared(answers("base", '{"a":1,"b":[1.0,2]}'), answers("fast", '{ "b": [1, 2.0], "a": 1 }'))
    assert one.equal == 1


def test_a_difference_names_its_path_and_shows_both_sides() -> None:
    base = answers("base", *(f'{{"items":[{{"id":{n}}},{{"id":{n}}}]}}' for n in range(5)))
    fast = answers("fast", *(f'{{"items":[{{"id":{n}}},{{"id":{n + n % 2}}}]}}' for n in range(5)))
    report, one = compared(base, fast)
    assert report.differ
    assert (one.compared, one.differing, one.places) == (5, 2, ["$.items[*].id"])
    first = one.first[0]
    assert (first.request, first.place, first.baseline, first.candidate) == (1, "$.items[1].id", "1", "2")


@pytest.mark.parametrize(
    ("left", "right", "place"),
    [
        ('{"a":true}', '{"a":1}', "$.a"),
        ('{"a":"1"}', '{"a":1}', "$.a"),
        ('{"a":null}', "{}", "$.a"),
        ('{"a":[1,2]}', '{"a":[1]}', "$.a"),
        ('{"a":[]}', '{"a":{}}', "$.a"),
        ('{"a b":1}', '{"a b":2}', '$["a b"]'),
        ("[1]", "[2]", "$[*]"),
        ("{}", "[]", "$"),
        ("{}", "text", "body"),
        ("text one", "text two", "body"),
        ("", "x", "body"),
    ],
)
def test_what_differs_where(left: str, right: str, place: str) -> None:
    _, one = compared(answers("base", left), answers("fast", right))
    assert (one.differing, one.places) == (1, [place])


def test_text_is_shown_around_the_first_byte_that_differs() -> None:
    _, one = compared(answers("base", "x" * 100 + "A" + "y" * 100), answers("fast", "x" * 100 + "B" + "y" * 100))
    first = one.first[0]
    assert first.place == "body, byte 100"
    assert first.baseline.startswith("…x")
    assert first.baseline.endswith("y…")
    assert "xA" in first.baseline
    assert "xB" in first.candidate


def test_status_and_missing_answers_are_differences() -> None:
    base = AnswerSet(variant="base", answers=[answer("a", 0), answer("a", 1), answer("", 2, outcome="timeout")])
    fast = AnswerSet(
        variant="fast",
        answers=[answer("a", 0, status=500), answer("", 1, outcome="timeout"), answer("", 2, outcome="timeout")],
    )
    _, one = compared(base, fast, compare="status")
    assert (one.differing, one.equal, sorted(one.places)) == (2, 1, ["answer", "status"])
    assert [found.candidate for found in one.first] == ["500", "none (timeout)"]


@pytest.mark.parametrize(
    ("rules", "left", "right"),
    [
        ({"ignore": ["$.time"]}, '{"time":1,"x":2}', '{"time":{"s":9},"x":2}'),
        ({"ignore": ["*.id"]}, '{"a":[{"id":1}],"id":2}', '{"a":[{"id":3}],"id":4}'),
        ({"ignore": ["$.a[*].id"]}, '{"a":[{"id":1},{}]}', '{"a":[{"id":3},{}]}'),
        ({"ignore": ["$.a[0]"]}, '{"a":[1,2]}', '{"a":[3,2]}'),
        ({"ignore": ["$.*.n"]}, '{"a":{"n":1},"b":{"n":1}}', '{"a":{"n":2},"b":{}}'),
        ({"unordered": ["$.tags"]}, '{"tags":["a","b"]}', '{"tags":["b","a"]}'),
        ({"unordered": ["$.l"], "ignore": ["*.id"]}, '{"l":[{"id":1,"x":1},{"id":2,"x":2}]}',
         '{"l":[{"id":0,"x":2},{"id":9,"x":1}]}'),
        ({"replace": {r"\d+ ms": "T"}}, "took 12 ms", "took 9 ms"),
        ({"compare": "length"}, "abc", "xyz"),
        ({"compare": "status"}, "abc", "different"),
    ],
)  # fmt: skip
def test_rules_let_differ(rules: dict[str, Any], left: str, right: str) -> None:
    report, one = compared(answers("base", left), answers("fast", right), **rules)
    assert (one.compared, report.differ) == (1, False)
    report, one = compared(answers("base", left), answers("fast", right))
    assert report.differ


def test_rules_hide_nothing_else() -> None:
    _, one = compared(answers("base", '{"time":1,"x":2}'), answers("fast", '{"time":3,"x":4}'), ignore=["$.time"])
    assert one.places == ["$.x"]


def test_an_operation_that_is_not_compared_says_so() -> None:
    report, one = compared(answers("base", "a"), answers("fast", "b"), compare="none")
    assert (report.compared, report.differ) == (0, False)
    assert "none" in one.note
    assert report.warnings == []


def test_where_the_baseline_differs_from_itself_nothing_is_said() -> None:
    def times(first: int, wrong: int) -> list[str]:
        return [f'{{"time":{first + n},"items":[{{"id":{n}}}],"sum":{wrong}}}' for n in range(4)]

    base, again = answers("base", *times(100, 1)), answers("base", *times(200, 1))
    report, one = compared(base, answers("fast", *times(300, 1)), again)
    assert not report.differ
    assert (report.checked_twice, one.volatile, one.equal) == (True, ["$.time"], 4)
    assert 'ignore = ["$.time"]' in one.note
    report, one = compared(base, answers("fast", *times(300, 2)), again)
    assert (one.differing, one.places) == (4, ["$.sum"])


def test_volatile_texts_are_not_comparable_but_their_status_is() -> None:
    base, again, fast = (answers("base", f"uid {n}") for n in range(3))
    _, one = compared(base, fast, again)
    assert (one.differing, one.volatile) == (0, ["body"])
    assert "bodies not comparable" in one.note
    failing = AnswerSet(variant="fast", answers=[answer("uid 5", status=500)])
    _, one = compared(base, failing, again)
    assert one.places == ["status"]


def test_keys_that_are_drawn_anew_are_one_place() -> None:
    drawn = itertools.count()

    def sessions() -> list[str]:
        return [f'{{"sessions":{{"s{next(drawn)}":1}},"n":1}}' for _ in range(5)]

    base, again, fast = (answers("base", *sessions()) for _ in range(3))
    _, one = compared(base, fast, again)
    assert (one.differing, one.volatile) == (0, ["$.sessions.*"])
    lacking = answers("fast", *(body.replace(',"n":1', "") for body in sessions()))
    _, one = compared(base, lacking, again)
    assert one.places == ["$.n"]


def test_answers_that_were_cut() -> None:
    def cut(start: str, whole: bytes, number: int = 0) -> Answer:
        return answer(start, number, cut=True, length=len(whole), sha256=hashlib.sha256(whole).digest())

    same, other = b"x" * 100_000, b"x" * 99_999 + b"y"
    base = AnswerSet(variant="base", answers=[cut("xxx", same, 0), cut("xxx", same, 1)])
    fast = AnswerSet(variant="fast", answers=[cut("xxx", same, 0), cut("xxx", other, 1)])
    _, one = compared(base, fast)
    assert (one.equal, one.differing) == (1, 1)
    assert "not kept" in one.first[0].baseline
    _, one = compared(base, fast, ignore=["$.x"])
    assert (one.compared, one.differing) == (1, 0)
    assert "longer than is kept" in one.note


def test_what_gzip_packed_is_compared_unpacked() -> None:
    def packed(text: bytes, level: int) -> bytes:
        packing = zlib.compressobj(level, wbits=31)
        return packing.compress(text) + packing.flush()

    text = b'{"a":1}' + b" " * 2000
    assert packed(text, 1) != packed(text, 9)
    report, _ = compared(answers("base", packed(text, 1)), answers("fast", packed(text, 9)))
    assert not report.differ
    report, one = compared(answers("base", packed(text, 1)), answers("fast", packed(text.replace(b"1", b"2"), 1)))
    assert one.places == ["$.a"]


def test_only_what_both_were_asked_is_compared() -> None:
    base = AnswerSet(variant="base", answers=[answer("a", n) for n in range(5)], early=True)
    fast = AnswerSet(variant="fast", answers=[answer("a", n) for n in range(3)], trouble="connection refused")
    report, one = compared(base, fast)
    assert (report.asked, one.compared) == (3, 3)
    assert len(report.warnings) == 2


def test_deep_nesting_is_compared_as_text() -> None:
    deep = "[" * 50_000
    _, one = compared(answers("base", deep), answers("fast", deep + "]"))
    assert one.places == ["body"]


bodies = st.binary(max_size=60) | st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=8,
).map(msgspec.json.encode)
rules = st.builds(
    AnswerRules,
    compare=st.sampled_from(Compare),
    ignore=st.lists(st.sampled_from(["$.a", "*.b", "$[*]", '$["c d"][0]', "$.*"]), max_size=2),
    unordered=st.lists(st.sampled_from(["$.a", "*.b", "$.*"]), max_size=2),
    replace=st.dictionaries(st.sampled_from([r"\d", "a+", ""]), st.text(max_size=2), max_size=2),
)


@given(bodies, bodies, rules)
def test_any_answers_never_panic(left: bytes, right: bytes, chosen: AnswerRules) -> None:
    reading = Reading.of(chosen)
    assert compare_pair(reading, answer(left), answer(left)) == []
    found = compare_pair(reading, answer(left), answer(right))
    back = compare_pair(reading, answer(right), answer(left))
    assert found is not None
    assert back is not None
    assert bool(found) == bool(back)
