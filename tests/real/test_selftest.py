"""`tailtune selftest load` at work: what it covers, not what this machine lets it find."""

import json
import subprocess
import sys

import pytest

from tailtune.model.codec import from_json
from tailtune.model.load import Validity
from tailtune.model.selftest import LoadSelftest

pytestmark = pytest.mark.real

EXIT_CODES = {"holds": 0, "disturbed": 3, "fails": 103}


def test_every_known_load_is_played_and_judged() -> None:
    command = [sys.executable, "-m", "tailtune", "selftest", "load", "--quick", "--json", "--quiet"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode == EXIT_CODES[json.loads(done.stdout)["outcome"]], done.stderr
    result = from_json(done.stdout.encode(), LoadSelftest)
    names = [test.name for test in result.tests]
    queues = [f"{kind}-{load}" for kind in ("md1", "mg1") for load in (0.3, 0.6, 0.8)]
    assert names == ["freeze", "null-server", *queues, "capped-pool", "starved"]
    by_name = {test.name: test for test in result.tests}
    assert by_name["capped-pool"].validity is not Validity.VALID
    assert by_name["starved"].validity is not Validity.VALID
    assert all(one.theory for name in queues for one in by_name[name].figures if one.unit == "ns")
    (counted,) = (one for one in by_name["null-server"].figures if one.unit == "requests")
    assert counted.expected == counted.measured == by_name["null-server"].requests
