"""Every knob that is found keeps the promises of `ports.Knob`."""

from pathlib import Path

import pytest

from tailtune.errors import UsageError
from tailtune.record import registry
from tailtune.record.ports import Knob, Launch

LAUNCH = Launch(
    argv=["service"],
    env={"HOME": "/root"},
    workdir=Path("/"),
    port=1,
    cpus=[],
    stdout=Path("/dev/null"),
    stderr=Path("/dev/null"),
)
POSSIBLE: dict[str, dict[str, dict[str, str]]] = {
    "gomaxprocs": {"1": {"GOMAXPROCS": "1"}, "16": {"GOMAXPROCS": "16"}},
    "gogc": {"off": {"GOGC": "off"}, "400": {"GOGC": "400"}},
    "gomemlimit": {"off": {"GOMEMLIMIT": "off"}, "512MiB": {"GOMEMLIMIT": "512MiB"}, "1024": {"GOMEMLIMIT": "1024"}},
    "affinity": {"0": {}},
}
IMPOSSIBLE = {
    "gomaxprocs": ["0", "-1", "many", "1.5", ""],
    "gogc": ["0", "-5", "fast", ""],
    "gomemlimit": ["much", "1GB", "-1", ""],
    "affinity": ["", "x", "0-", "4095", "0,9999999999", "0-9999999999", "1-0"],
}


@pytest.fixture(params=sorted(registry.knobs()))
def knob(request: pytest.FixtureRequest) -> Knob:
    return registry.knob(request.param)


def test_it_is_a_knob_with_a_name_and_help(knob: Knob) -> None:
    assert isinstance(knob, Knob)
    assert knob.name
    assert len(knob.help) > 10


def test_possible_levels_change_what_they_name_and_nothing_else(knob: Knob) -> None:
    for level, added in POSSIBLE[knob.name].items():
        changed = knob.apply(LAUNCH, level)
        assert changed.env == {**LAUNCH.env, **added}
        assert changed != LAUNCH
        assert (changed.argv, changed.port, changed.workdir) == (LAUNCH.argv, LAUNCH.port, LAUNCH.workdir)
    assert LAUNCH.env == {"HOME": "/root"}


def test_impossible_levels_are_refused_with_a_hint(knob: Knob) -> None:
    for level in IMPOSSIBLE[knob.name]:
        with pytest.raises(UsageError, match=f"{knob.name}=") as told:
            knob.apply(LAUNCH, level)
        assert told.value.hint


def test_an_unknown_knob_is_named_with_those_there_are() -> None:
    with pytest.raises(UsageError, match="'warp'") as told:
        registry.knob("warp")
    assert "affinity, gogc" in told.value.hint
