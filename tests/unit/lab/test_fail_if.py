"""Conditions are refused before anything is sent."""

import pytest

from tailtune.errors import UsageError
from tailtune.lab.fail_if import check_conditions
from tailtune.model.workload import Operation, Workload

WORKLOAD = Workload(operations=[Operation(name="search"), Operation(name="put")])


def test_conditions_are_recorded_as_written() -> None:
    assert check_conditions(["p99  > 5ms", "search.errors>1%"], WORKLOAD) == ["p99 > 5ms", "search.errors>1%"]


@pytest.mark.parametrize(("text", "words"), [("p99 ~ 5ms", "not a condition"), ("get.p99 > 5ms", "called 'get'")])
def test_what_cannot_be_judged_is_a_usage_error(text: str, words: str) -> None:
    with pytest.raises(UsageError, match=words):
        check_conditions([text], WORKLOAD)
