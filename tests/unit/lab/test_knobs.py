"""Which knobs can act on a project's service here."""

from pathlib import Path

import pytest

from tailtune.errors import ConfigError, UsageError
from tailtune.lab.knobs import knobs, reference
from tailtune.model.knobs import KnobPlace
from tailtune.record import registry

CONFIG = """
[service]
language = "go"
package = "."
args = ["{port}"]

[workloads.default]
operations = [{ name = "read", path = "/" }]
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "tailtune.toml").write_text(CONFIG)
    return tmp_path


def test_settings_of_another_language_cannot_act_and_say_so(project: Path) -> None:
    found = knobs(project, None, "lto")
    [lto] = found.knobs
    assert found.service == f"the go service of {project}"
    assert lto.place is KnobPlace.BUILD
    assert set(lto.refused) == set(lto.examples)
    assert "a setting of Rust programs, and this is a go service" in lto.refused["fat"]
    assert knobs(project, None, "gogc").knobs[0].refused == {}


def test_knobs_of_the_load_are_tried_on_the_workload(project: Path) -> None:
    assert "no operation 'get'" in knobs(project, None, "mix").knobs[0].refused["get=9,put=1"]
    assert knobs(project, None, "rate").knobs[0].refused == {}


def test_without_a_project_they_are_tried_for_any_command(tmp_path: Path) -> None:
    found = knobs(tmp_path, None, "pgo")
    assert "no tailtune.toml" in found.service
    assert "nothing is built" in found.knobs[0].refused["train"]


def test_what_is_not_there_is_said(project: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="'warp'"):
        knobs(project, None, "warp")
    with pytest.raises(ConfigError):
        knobs(project, tmp_path / "none.toml", "nice")


def test_the_reference_has_all_by_place_and_tries_none() -> None:
    found = reference().knobs
    assert {one.name for one in found} == set(registry.knobs())
    places = [list(KnobPlace).index(one.place) for one in found]
    assert places == sorted(places)
    assert not any(one.refused for one in found)
