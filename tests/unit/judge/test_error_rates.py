import pytest

from tailtune.judge.error_rates import at_most, clopper_pearson, error_rate


def test_the_exact_bounds_are_those_of_tables() -> None:
    # Hahn and Meeker, two-sided 95 %: 0 of 10 is at most 0.3085; 3 of 10 is 0.0667 to 0.6525
    assert clopper_pearson(0, 10) == pytest.approx((0.0, 0.3085), abs=1e-4)
    assert clopper_pearson(3, 10) == pytest.approx((0.0667, 0.6525), abs=1e-4)
    assert at_most(0, 59) == pytest.approx(0.05, abs=0.001)  # the rule of 59
    assert at_most(4, 4) == 1.0


def test_false_verdicts_are_blamed_when_chance_does_not_explain_them() -> None:
    assert error_rate(2, 100, 0.05).passes
    assert not error_rate(30, 100, 0.05).passes
    fine = error_rate(5, 100, 0.05)
    assert fine.share is not None
    assert (fine.share.point, fine.share.n) == (0.05, 100)
    assert 9 <= fine.allowed <= 12


def test_without_verdicts_there_is_nothing_to_blame() -> None:
    empty = error_rate(0, 0, 0.05)
    assert empty.passes
    assert empty.share is None
