"""Lines of functions: where debug information tells them, in titles and as evidence."""

import dataclasses
from collections.abc import Mapping

import pytest
from tests.support.facts import apply, facts, one

from tailtune.judge.facts import Facts
from tailtune.judge.hot_lines import own_lines, passing_lines
from tailtune.judge.stackprofile import Frame, StackProfile

GO = "net/http.(*conn).serve"


def frame(text: str) -> Frame:
    """`function`, with the line that it is at behind an @, and + in front where it is inlined into the next."""
    function, _, place = text.removeprefix("+").partition("@")
    file, _, line = place.partition(":")
    return Frame(function, file=file, line=int(line or 0), inlined=text.startswith("+"))


def profile(stacks: Mapping[str, int]) -> StackProfile:
    """Collapsed stacks, root first, with lines."""
    collapsed = StackProfile.from_collapsed(
        [f"{stack} {count}" for stack, count in stacks.items()], "profiles/cpu.pb.gz"
    )
    return dataclasses.replace(collapsed, frames=[frame(one.function) for one in collapsed.frames])


def run(stacks: Mapping[str, int]) -> Facts:
    return dataclasses.replace(facts(), cpu=profile(stacks))


def test_a_line_with_a_third_of_a_functions_own_samples_is_in_the_title():
    stacks = {
        f"{GO};main.nearest@/src/shop/find.go:12": 40,
        f"{GO};main.nearest@/src/shop/find.go:11": 20,
        f"{GO};main.nearest@/src/shop/find.go:9;math.Abs": 40,
    }
    finding = one("hot-function", run(stacks)).finding
    assert finding.title == (
        "100.0 % of CPU time is spent in main.nearest and what it calls; 67 % of its own at find.go:12"
    )
    assert [evidence.text for evidence in finding.evidence[1:]] == [
        "the function itself: 60 of 100 samples",
        "the function itself, with what is inlined into it, by line: find.go:12 67 % (54 to 77 %), find.go:11 33 % "
        "(23 to 46 %)",
        "it calls math.Abs (40 %)",
    ]
    assert finding.evidence[2].count == 60


def test_lines_that_share_the_time_are_evidence_only_and_at_most_three():
    finding = one("hot-function", run({f"main.mix@mix.go:{line}": 25 - line for line in range(1, 6)})).finding
    assert finding.title.endswith("and what it calls")
    assert finding.evidence[2].text == (
        "the function itself, with what is inlined into it, by line: mix.go:1 22 % (15 to 30 %), mix.go:2 21 % "
        "(14 to 29 %), mix.go:3 20 % (14 to 28 %)"
    )


def test_what_is_inlined_counts_at_the_line_that_calls_it_and_what_is_called_does_not():
    stacks = {
        "main.find@find.go:5;+main.distance@find.go:30": 30,
        "main.find@find.go:6;main.far@far.go:2": 50,
        "main.find@find.go:7;main.far@far.go:2;+main.near@far.go:9": 20,
    }
    assert [(line.place, line.samples) for line in own_lines(profile(stacks), "main.find")] == [("find.go:5", 30)]
    assert [(line.place, line.samples) for line in own_lines(profile(stacks), "main.far")] == [("far.go:2", 70)]


@pytest.mark.parametrize(
    "stacks",
    [
        {"shop::rank": 80},
        {"shop::rank@rank.rs:0": 80},
        {"shop::rank": 41, "shop::rank@rank.rs:3": 39},
        {"shop::rank@rank.rs:3": 19, "shop::rank;core::sort": 60},
        {f"shop::rank@rank.rs:{line}": 1 for line in range(1, 41)},
    ],
    ids=["no debug info", "no line", "mostly no line", "few samples", "no line has enough"],
)
def test_where_lines_are_not_told_nothing_is_said(stacks):
    assert own_lines(profile(stacks), "shop::rank") == []
    (cause,) = apply("hot-function", run(stacks))
    assert cause.finding.title.endswith("shop::rank and what it calls")
    assert not any("by line" in evidence.text for evidence in cause.finding.evidence)


def test_a_hot_line_among_few_own_samples_is_not_where_the_time_goes():
    stacks = {"main.search@search.go:4": 25, "main.search@search.go:9;sort.Slice": 475}
    finding = one("hot-function", run(stacks)).finding
    assert finding.title.endswith("main.search and what it calls")
    assert "search.go:4 100 %" in finding.evidence[2].text


def test_recursion_counts_a_sample_once():
    stacks = {"main.walk@walk.go:8;main.walk@walk.go:8;main.walk@walk.go:3": 40}
    assert [(line.place, line.samples) for line in own_lines(profile(stacks), "main.walk")] == [("walk.go:3", 40)]
    walked = profile(stacks)
    assert [line.samples for line in passing_lines(walked, walked.everything, "main.walk")] == [40]


def test_recomputation_tells_the_line_that_builds():
    stacks = {
        f"{GO};main.highlight@plain.go:31;regexp.MustCompile@regexp.go:313": 30,
        f"{GO};main.render@render.go:5;regexp.MustCompile@regexp.go:313": 10,
        GO: 60,
    }
    evidence = one("recomputation", run(stacks)).finding.evidence
    assert evidence[-1].text == "main.highlight builds it, by line: plain.go:31 100 % (89 to 100 %)"
