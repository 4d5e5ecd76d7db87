"""Loads that go wrong on purpose are not called VALID, and say why."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.support.faults import FAULTS, Bench, bench, codes

from tailtune.model.load import Validity

pytestmark = [pytest.mark.real, pytest.mark.alone]


@pytest.fixture(scope="module")
def stands(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    with bench(Path(tmp_path_factory.mktemp("faults"))) as opened:
        yield opened


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_is_noticed(fault: str, stands: Bench) -> None:
    report = FAULTS[fault](stands, 7, 1.5).report
    assert report.validity is not Validity.VALID
    assert all(reason.message and reason.remedy for reason in report.reasons), codes(report)
