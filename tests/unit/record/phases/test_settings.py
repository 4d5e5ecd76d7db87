"""A variant's knobs along the way of a trial."""

import pytest

from tailtune.errors import UsageError
from tailtune.model.knobs import Applied
from tailtune.model.profile import Shape, Stage
from tailtune.model.project import Variant
from tailtune.model.units import Duration
from tailtune.model.workload import Arrival, Operation, Workload
from tailtune.record.phases.settings import contradictions, loaded, varied

WORKLOAD = Workload(operations=[Operation(name="get"), Operation(name="put", weight=3)], rate_per_s=100)


def turned(**knobs: str) -> Variant:
    return Variant(knobs={name.replace("_", "-"): level for name, level in knobs.items()})


def test_knobs_of_the_build_become_settings_of_the_variant() -> None:
    variant = varied(turned(lto="fat", codegen_units="1", target_cpu="native", gogc="400"))
    assert variant.cargo_profile == {"lto": "fat", "codegen-units": "1"}
    assert variant.target_cpu == "native"
    assert variant.knobs["gogc"] == "400"
    assert varied(Variant()) == Variant()


def test_knobs_of_the_load_change_rate_mix_and_connections() -> None:
    assert loaded(WORKLOAD, turned(rate="250")).rate_per_s == 250
    assert loaded(WORKLOAD, turned(rate="x1.5")).rate_per_s == 150
    assert [one.weight for one in loaded(WORKLOAD, turned(mix="get=9")).operations] == [9, 3]
    assert [one.name for one in loaded(WORKLOAD, turned(mix="put=0")).operations] == ["get"]
    assert loaded(WORKLOAD, turned(connections="4")).max_connections == 4
    assert loaded(WORKLOAD, turned(gogc="400", lto="fat")) == WORKLOAD


def test_a_factor_turns_a_profile_too_and_a_number_replaces_it() -> None:
    second = Duration.from_seconds(1)
    stages = [
        Stage(shape=Shape.RAMP, duration=second, from_per_s=10, to_per_s=20),
        Stage(shape=Shape.STEPS, duration=second, rates=[1, 2]),
    ]
    workload = Workload(operations=[Operation(name="get")], profile=stages)
    twice = loaded(workload, turned(rate="x2"))
    assert (twice.profile[0].from_per_s, twice.profile[0].to_per_s, twice.profile[1].rates) == (20, 40, [2, 4])
    assert twice.mean_rate_per_s == 2 * workload.mean_rate_per_s
    assert loaded(workload, turned(rate="5")).profile == []


def test_in_a_closed_loop_connections_are_the_load_and_a_rate_means_nothing() -> None:
    closed = Workload(operations=[Operation(name="get")], arrival=Arrival.CLOSED)
    assert loaded(closed, turned(connections="8")).connections == 8
    with pytest.raises(UsageError, match="rate=5 means nothing for the arrival closed"):
        loaded(closed, turned(rate="5"))


@pytest.mark.parametrize(
    ("mix", "text"), [("delete=1", "no operation 'delete'"), ("get=0,put=0", "leaves no operation")]
)
def test_a_mix_that_cannot_be_is_refused(mix: str, text: str) -> None:
    with pytest.raises(UsageError, match=text):
        loaded(WORKLOAD, turned(mix=mix))


def test_only_what_the_process_shows_otherwise_is_a_contradiction() -> None:
    rows = [
        Applied(variant="a", knob="gogc", level="400", seen="gogc=400"),
        Applied(variant="a", knob="rate", level="x2"),
        Applied(variant="b", knob="nice", level="5", seen="nice=0"),
    ]
    assert contradictions(rows) == ["variant b: nice=5 was asked for, and the process shows nice=0"]
