"""`tailtune selftest load` at work: what it covers, not what this machine lets it find."""

import pytest
from tests.support.imports import Silent

from tailtune.lab.selftest_load import Lengths, proved
from tailtune.model.load import Validity

pytestmark = [pytest.mark.real, pytest.mark.alone]

SHORT = Lengths(freeze=2.0, floor=0.5, queue=1.0, starved=1.0, capped=0.5)


def test_every_known_load_is_played_and_judged() -> None:
    result = proved(SHORT, Silent())
    names = [test.name for test in result.tests]
    queues = [f"{kind}-{load}" for kind in ("md1", "mg1") for load in (0.3, 0.6, 0.8)]
    assert names == ["freeze", "null-server", *queues, "capped-pool", "starved"]
    by_name = {test.name: test for test in result.tests}
    assert by_name["capped-pool"].validity is not Validity.VALID
    assert by_name["starved"].validity is not Validity.VALID
    assert all(one.theory for name in queues for one in by_name[name].figures if one.unit == "ns")
    (counted,) = (one for one in by_name["null-server"].figures if one.unit == "requests")
    assert counted.expected == counted.measured == by_name["null-server"].requests
