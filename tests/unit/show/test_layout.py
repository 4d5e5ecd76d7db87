"""Columns, wrapping and Markdown."""

from hypothesis import given, settings
from hypothesis import strategies as st

from tailtune.model.project import Variant
from tailtune.show.markdown import blocks
from tailtune.show.phrases import differences
from tailtune.show.text import table as layout

LONG = "p99 is 6.81 ms [6.52, 7.10] at 5,000 req/s and peak RSS is 83.2 MiB with 12.1 % of CPU in the collector " * 3


def test_columns_are_aligned_and_short_rows_allowed() -> None:
    lines = layout.table([["a", "1"], ["bb", "22", "more"]], header=["name", "n"], right=(1,))
    assert lines == ["  name   n", "  a      1", "  bb    22  more"]


def test_a_table_without_rows_is_nothing() -> None:
    assert layout.table([], header=["name"]) == []


def test_rows_without_a_text_are_left_out() -> None:
    assert layout.pairs([("a", "1"), ("longer", ""), ("b", "2")]) == ["  a  1", "  b  2"]


def test_numbers_stay_with_their_units_and_brackets_stay_whole() -> None:
    lines = layout.paragraph(LONG)
    assert len(lines) > 2
    assert max(map(len, lines)) <= layout.WIDTH
    assert " ".join(lines) == LONG.strip()
    for line in lines:
        assert not line.startswith(("ms", "MiB", "%", "req/s", "7.10]"))


def test_a_page_is_fitted_to_a_narrow_terminal_and_never_wider_than_usual() -> None:
    with layout.fitted(60):
        assert max(map(len, layout.paragraph(LONG))) <= 60
    with layout.fitted(300):
        assert max(map(len, layout.paragraph(LONG))) <= layout.WIDTH
    assert max(map(len, layout.paragraph(LONG))) > 60


def test_long_words_are_never_broken() -> None:
    word = "x" * 200
    assert layout.paragraph(f"see {word} there") == ["see", word, "there"]


def test_further_lines_stand_under_the_first() -> None:
    first, *others = layout.labelled("seen:", LONG, indent=4)
    assert first.startswith("    seen: p99")
    assert all(line.startswith(" " * 10) and line[10] != " " for line in others)


def test_a_page_leaves_out_empty_sections() -> None:
    assert layout.page(["a"], [], ["b", "c"]) == "a\n\nb\nc\n"


@settings(deadline=None)
@given(st.text())
def test_wrapping_loses_no_word(text: str) -> None:
    assert " ".join(layout.paragraph(text)).split() == text.split()


def test_text_from_outside_cannot_become_markup() -> None:
    hostile = "<script> *bold* `code` [x](http://example.com) | a_b"
    shown = blocks.escaped(hostile)
    assert shown == r"\<script\> \*bold\* \`code\` [x\](http://example.com) \| a\_b"
    assert blocks.escaped("a\nb") == "a b"


def test_intervals_need_no_escape() -> None:
    assert blocks.escaped("6.81 ms [6.52, 7.10]") == "6.81 ms [6.52, 7.10]"


def test_code_keeps_backticks_and_stays_in_its_cell() -> None:
    assert blocks.code("a|b") == r"`a\|b`"
    assert blocks.code("a`b") == "`` a`b ``"


def test_a_shell_block_quotes_what_needs_it() -> None:
    assert blocks.shell(["tailtune", "load", "http://h/?a=1&b=2"]) == "```sh\ntailtune load 'http://h/?a=1&b=2'\n```"


def test_a_section_without_content_is_left_out() -> None:
    assert blocks.section("Warnings", "") == ""
    assert blocks.section("Warnings", "- a") == "## Warnings\n\n- a"


def test_variants_are_told_by_their_differences() -> None:
    assert differences(Variant()) == "the service as it is"
    variant = Variant(tags=["fast"], env={"GOGC": "200"}, default_features=False, git_ref="HEAD~1", args=[])
    assert differences(variant) == "git ref HEAD~1; tags fast; default features off; environment GOGC=200"
