"""Rates and slices that a workload does not allow are refused before anything is built."""

from pathlib import Path

import pytest
from tests.support.trials import Meddler

from tailtune import config
from tailtune.errors import UsageError
from tailtune.lab.bench import choose_workload
from tailtune.lab.compare import compare
from tailtune.lab.sending import Wanted, prepare
from tailtune.model.asked import Asked
from tailtune.model.units import Duration
from tailtune.model.verdict import Metric

PROJECT = """
[service]
language = "command"
binary = "./server"
args = ["{port}"]
[variants.other]
[workloads.loop]
arrival = "closed"
connections = 2
operations = [{ name = "a" }]
[workloads.replay]
arrival = "trace"
trace = { file = "trace.tsv" }
operations = [{ name = "a" }]
[workloads.ramp]
profile = [{ shape = "ramp", from = 1, to = 100, duration = "20s" }]
operations = [{ name = "a" }]
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    path = tmp_path / "tailtune.toml"
    path.write_text(PROJECT)
    (tmp_path / "trace.tsv").write_text("t\n0\n")
    return path


@pytest.mark.parametrize(("name", "told"), [("loop", "closed loop"), ("replay", "a trace is sent at the times")])
def test_a_rate_that_would_be_ignored_is_refused(project: Path, name: str, told: str) -> None:
    assert choose_workload(config.load(project), name, None)[0] == name
    with pytest.raises(UsageError, match=told):
        choose_workload(config.load(project), name, 5.0)


def test_load_refuses_it_as_well() -> None:
    with pytest.raises(UsageError, match="closed loop"):
        prepare("http://127.0.0.1:1/", Wanted(connections=2, rate=5))


def test_a_slice_that_holds_only_the_beginning_of_a_profile_is_refused(project: Path) -> None:
    with pytest.raises(UsageError, match="its profile takes 20s") as caught:
        compare(
            project.parent,
            project,
            "base",
            "other",
            Asked(
                workload="ramp",
                epochs=6,
                budget=Duration(0),
                slice_duration=Duration.from_seconds(3),
                slices=4,
                deciding=[Metric.P50],
            ),
            Meddler(),
        )
    assert "--slice-duration 20s" in caught.value.hint
