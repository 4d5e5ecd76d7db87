"""The diff of two profiles: what it finds, what it leaves open, and how rarely it is wrong."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.support.profiles import PERIOD_NS, cpu_profile, drawn, heap_profile

from tailtune.errors import UsageError
from tailtune.judge import profile_tests
from tailtune.judge.profile_changes import Asked
from tailtune.judge.profile_diff import diff_profiles
from tailtune.judge.profile_sides import Columns
from tailtune.model.profile_diff import Basis, Change, FunctionChange, Grouping, ProfileDiff
from tailtune.show.export.json import encode
from tailtune.show.text.profile_diff import profile_diff

stacks = st.lists(st.sampled_from("abcdef"), min_size=1, max_size=4).map(tuple)
profiles = st.builds(
    cpu_profile, st.dictionaries(stacks, st.integers(1, 300), max_size=12), seconds=st.sampled_from([0.0, 10.0])
)


def function(diff: ProfileDiff, name: str) -> FunctionChange:
    [found] = [one for one in diff.functions if one.name == name]
    return found


def significant(diff: ProfileDiff) -> set[str]:
    return {one.name for one in diff.functions if one.own.change.is_significant or one.cumulative.change.is_significant}


def test_a_change_is_found_with_its_size_and_in_its_callers():
    generator = np.random.default_rng(31)
    diff = diff_profiles([drawn(generator)], [drawn(generator, factors={"main.hash": 1.6})])
    hash_ = function(diff, "main.hash").own
    assert hash_.change is Change.HIGHER
    assert hash_.ratio is not None
    assert hash_.ratio.low is not None
    assert hash_.ratio.high is not None
    assert hash_.ratio.low < 1.6 < hash_.ratio.high
    assert hash_.difference.point == pytest.approx(hash_.candidate - hash_.base)
    assert hash_.base == hash_.base_samples * PERIOD_NS / 10
    assert significant(diff) == {"main.hash", "main.serve", "main.main"}
    assert function(diff, "main.serve").own.change is Change.UNDECIDED


def test_equal_work_is_compared_where_requests_are_known():
    base, candidate = cpu_profile({("main.f",): 1000}), cpu_profile({("main.f",): 2000})
    by_time = diff_profiles([base], [candidate])
    by_work = diff_profiles([base], [candidate], base_requests=[500], candidate_requests=[1000])
    assert by_time.basis is Basis.SECOND
    assert by_time.total.change is Change.HIGHER
    assert any("equal time" in text for text in by_time.warnings)
    assert by_work.basis is Basis.REQUEST
    assert by_work.total.change is Change.SAME
    assert by_work.total.base == 2 * PERIOD_NS
    assert by_work.warnings == []


def test_too_few_samples_say_how_long_it_takes_and_that_is_enough():
    generator = np.random.default_rng(32)
    factors = {"main.sort": 1.2}
    short = diff_profiles([drawn(generator)], [drawn(generator, factors=factors)])
    found = function(short, "main.sort").own
    assert found.change is Change.UNDECIDED
    assert found.seconds_for_margin is not None
    assert found.seconds_for_margin > 30
    assert short.seconds_missing is not None
    assert short.seconds_missing >= found.seconds_for_margin
    seconds = 10 + short.seconds_missing
    long = diff_profiles([drawn(generator, seconds=seconds)], [drawn(generator, seconds=seconds, factors=factors)])
    assert function(long, "main.sort").own.change is Change.HIGHER
    assert long.seconds_missing is not None
    assert long.seconds_missing < short.seconds_missing / 5


def test_moved_code_is_one_row():
    generator = np.random.default_rng(33)
    renamed = {"shop/cart.(*Cart).Total": "shop/basket.(*Cart).Total"}
    diff = diff_profiles([drawn(generator, seconds=100)], [drawn(generator, seconds=100, renamed=renamed)])
    moved = function(diff, "shop/basket.(*Cart).Total")
    assert moved.moved_from == "shop/cart.(*Cart).Total"
    assert moved.own.base_samples > 800
    assert significant(diff) == set()


def test_what_appears_and_what_vanishes_is_certain_at_once():
    base = cpu_profile({("main.old",): 200, ("main.f",): 500})
    candidate = cpu_profile({("main.fresh",): 200, ("main.f",): 500})
    diff = diff_profiles([base], [candidate])
    assert (diff.appeared, diff.vanished) == (1, 1)
    assert function(diff, "main.fresh").own.change is Change.HIGHER
    assert function(diff, "main.fresh").own.ratio is None
    assert function(diff, "main.old").own.change is Change.LOWER


def test_closures_of_one_function_are_one_and_count_once():
    stack = ("main.leaf", "main.serve.func1", "main.serve.func2")
    diff = diff_profiles([cpu_profile({stack: 100})], [cpu_profile({stack: 100})])
    closure = [one for one in diff.functions if one.name.startswith("main.serve")]
    assert [one.cumulative.base_samples for one in closure] == [100]


def test_repeated_profiles_bring_their_own_spread():
    """Profiles that differ by far more than counting permits: no change is certain, though counts alone say so."""
    levels = (400, 800, 1600)
    base = [cpu_profile({("main.f",): level}) for level in levels]
    candidate = [cpu_profile({("main.f",): level * 5 // 4}) for level in levels]
    assert significant(diff_profiles(base[:1], candidate[:1])) == {"main.f"}
    apart = diff_profiles(base, candidate)
    assert significant(apart) == set()
    assert significant(diff_profiles(base, candidate, asked=Asked(paired=True))) == {"main.f"}
    assert "profiles" in apart.method
    assert function(apart, "main.f").own.ratio is not None


def test_profiles_as_alike_as_counts_do_not_permit_are_not_believed():
    base, candidate = ([cpu_profile({("main.f",): count})] * 3 for count in (3, 4))
    assert significant(diff_profiles(base, candidate)) == set()


def test_allocations_weigh_by_their_size():
    """One sampled allocation of 1 GB against none is no evidence, a thousand of 1 MB are."""
    rare = diff_profiles(
        [heap_profile([(("main.f",), 0, 0), (("main.g",), 10, 10)])], [heap_profile([(("main.f",), 1, 2**30)])]
    )
    often = diff_profiles(
        [heap_profile([(("main.f",), 1, 2**20)])], [heap_profile([(("main.f",), 1000, 1000 * 2**20)])]
    )
    assert significant(rare) == set()
    assert rare.basis is Basis.SHARE
    assert often.candidate.samples == pytest.approx(1000 * -np.expm1(-2))
    assert often.method.endswith("three on each side")
    assert "differently" in rare.method


def test_other_groupings():
    frames = ("github.com/a/b.(*T).F", "shop::cart::total", "main.main")
    base = candidate = cpu_profile({frames: 50})
    names = {
        grouping: {one.name for one in diff_profiles([base], [candidate], grouping=grouping).functions}
        for grouping in Grouping
    }
    assert names[Grouping.PACKAGE] == {"github.com/a/b", "shop", "main"}
    assert names[Grouping.FILE] == {"(unknown file)"}
    assert len(names[Grouping.LINE]) == 3


def test_without_durations_shares_are_compared():
    base, candidate = (cpu_profile({("a",): 60, ("b",): count}, seconds=0) for count in (60, 90))
    diff = diff_profiles([base], [candidate])
    assert diff.basis is Basis.SHARE
    assert diff.seconds_missing is None
    assert diff.times_missing > 1
    assert function(diff, "b").own.candidate == pytest.approx(0.6)
    assert any("shares" in text for text in diff.warnings)


@settings(deadline=None, max_examples=60)
@given(profiles)
def test_a_profile_does_not_differ_from_itself(profile):
    diff = diff_profiles([profile], [profile])
    assert significant(diff) == set()
    assert diff.total.difference.point == 0
    assert (diff.appeared, diff.vanished) == (0, 0)


@settings(deadline=None, max_examples=60)
@given(st.lists(profiles, min_size=1, max_size=4), st.lists(profiles, min_size=1, max_size=4))
def test_any_profiles_give_a_diff_that_can_be_written(base, candidate):
    diff = diff_profiles(base, candidate)
    assert encode(diff)
    assert profile_diff(diff)


@settings(deadline=None, max_examples=60)
@given(profiles, profiles)
def test_swapped_sides_give_the_inverse(base, candidate):
    there, back = diff_profiles([base], [candidate]), diff_profiles([candidate], [base])
    opposite = {Change.HIGHER: Change.LOWER, Change.LOWER: Change.HIGHER}
    # "same" lies within a margin of ratios, which is no longer quite the same for their inverse
    assert {(one.name, one.own.change) for one in there.functions if one.own.change.is_significant} == {
        (one.name, opposite[one.own.change]) for one in back.functions if one.own.change.is_significant
    }
    assert there.total.difference.point == pytest.approx(-back.total.difference.point)


def test_hardly_ever_a_false_alarm_in_a_whole_program():
    """200 functions from 0.2 to 3,000 samples, the same on both sides: of 1,000 programs, how many show any change?"""
    generator = np.random.default_rng(34)
    means = np.geomspace(0.2, 3000, 200)
    alarms = sum(alarmed(generator.poisson(means, (1, 200)), generator.poisson(means, (1, 200))) for _ in range(1000))
    assert alarms / 1000 <= 0.05


def test_hardly_ever_a_false_alarm_between_repeated_profiles():
    """The same with five profiles on each side that differ by 10 % among themselves."""
    generator = np.random.default_rng(35)

    def side() -> np.ndarray:
        return generator.poisson(np.geomspace(0.2, 3000, 200) * generator.lognormal(0, 0.1, (5, 200)))

    assert sum(alarmed(side(), side()) for _ in range(300)) / 300 <= 0.05


def alarmed(base: np.ndarray, candidate: np.ndarray) -> bool:
    """Whether any of many functions seems to have changed, by itself or with what it calls."""
    own = judged(base, candidate)
    with_callees = judged(np.cumsum(base, axis=1), np.cumsum(candidate, axis=1))
    return bool((profile_tests.family(own, with_callees, 0.05).adjusted <= 0.05).any())


def judged(base: np.ndarray, candidate: np.ndarray) -> profile_tests.Tested:
    one, other = (
        Columns(counts.astype(float), counts.astype(float), counts.astype(float), np.full(len(counts), 10.0))
        for counts in (base, candidate)
    )
    return profile_tests.tested(one, other, 0.95, paired=False)


def test_refusals():
    profile = cpu_profile({("a",): 1})
    with pytest.raises(UsageError, match="at least one"):
        diff_profiles([], [profile])
    with pytest.raises(UsageError, match="alloc_space"):
        diff_profiles([profile], [profile], kind="alloc_space")
    with pytest.raises(UsageError, match="requests"):
        diff_profiles([profile], [profile], base_requests=[1, 2], candidate_requests=[1])
    with pytest.raises(UsageError, match="pairs"):
        diff_profiles([profile], [profile, profile], asked=Asked(paired=True))
