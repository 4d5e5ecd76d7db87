"""Every knob that is found keeps the promises of `ports.Knob`."""

import os
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from tailtune.errors import UsageError
from tailtune.model.knobs import KnobPlace
from tailtune.model.project import Language, Service, Variant
from tailtune.model.workload import Operation, Workload
from tailtune.record import registry
from tailtune.record.ports import CpuQuota, Knob, Launch

LAUNCH = Launch(
    argv=["service"],
    env={"HOME": "/root"},
    workdir=Path("/"),
    port=1,
    cpus=[],
    stdout=Path("/dev/null"),
    stderr=Path("/dev/null"),
)
WORKLOAD = Workload(operations=[Operation(name="get", path="/g"), Operation(name="put", path="/p")], rate_per_s=100)

ENVIRONMENT: dict[str, dict[str, dict[str, str]]] = {
    "gomaxprocs": {"1": {"GOMAXPROCS": "1"}, "16": {"GOMAXPROCS": "16"}},
    "gogc": {"off": {"GOGC": "off"}, "400": {"GOGC": "400"}},
    "gomemlimit": {"off": {"GOMEMLIMIT": "off"}, "512MiB": {"GOMEMLIMIT": "512MiB"}, "1024": {"GOMEMLIMIT": "1024"}},
    "godebug": {"madvdontneed=1,x=2": {"GODEBUG": "madvdontneed=1,x=2"}},
    "malloc-conf": {"narenas:2": {"MALLOC_CONF": "narenas:2", "_RJEM_MALLOC_CONF": "narenas:2"}},
    "glibc-malloc": {"arena_max=1,mxfast=0": {"GLIBC_TUNABLES": "glibc.malloc.arena_max=1:glibc.malloc.mxfast=0"}},
    "mimalloc": {"purge_delay=0": {"MIMALLOC_PURGE_DELAY": "0"}},
    "pinning": {"each": {"GOMAXPROCS": str(len(os.sched_getaffinity(0)))}, "0": {"GOMAXPROCS": "1"}},
}
FIELDS: dict[str, dict[str, dict[str, object]]] = {
    "affinity": {"0": {"cpus": [0]}, "0,2-3": {"cpus": [0, 2, 3]}},
    "nice": {"-5": {"nice": -5}, "19": {"nice": 19}},
    "scheduling": {"batch": {"scheduling": "batch"}, "fifo:10": {"scheduling": "fifo:10"}},
    "huge-pages": {"off": {"huge_pages": False}, "system": {}},
    "aslr": {"off": {"aslr": False}, "system": {}},
    "cpu-quota": {"1.5": {"cpu_quota": CpuQuota(150_000)}, "0.5/20ms": {"cpu_quota": CpuQuota(10_000, 20_000)}},
    "memory-limit": {"64MiB": {"memory_bytes": 64 << 20}, "2000000": {"memory_bytes": 2_000_000}},
}
BUILDS: dict[str, dict[str, dict[str, object]]] = {
    "features": {"a,b": {"features": ["a", "b"]}, "none": {"features": []}},
    "default-features": {"off": {"default_features": False}, "on": {"default_features": True}},
    "tags": {"a,b": {"tags": ["a", "b"]}, "none": {"tags": []}},
    "target-cpu": {"native": {"target_cpu": "native"}},
    "opt-level": {"s": {"cargo_profile": {"panic": "abort", "opt-level": "s"}}},
    "lto": {"fat": {"cargo_profile": {"panic": "abort", "lto": "fat"}}},
    "codegen-units": {"1": {"cargo_profile": {"panic": "abort", "codegen-units": "1"}}},
    "panic": {"unwind": {"cargo_profile": {"panic": "unwind"}}},
    "rustflags": {"-Ca=1 -Cb=2": {"rustflags": ["-Cx=3", "-Ca=1", "-Cb=2"]}},
    "goamd64": {"v3": {"goamd64": "v3"}},
    "pgo": {"train": {"pgo": "train"}, "cpu.pprof": {"pgo": "cpu.pprof"}},
    "layout-seed": {"7": {"layout_seed": 7}},
}
BUILT = Variant(features=["old"], tags=["old"], cargo_profile={"panic": "abort"}, rustflags=["-Cx=3"])
IMPOSSIBLE = {
    "gomaxprocs": ["0", "-1", "many", "1.5"],
    "gogc": ["0", "-5", "fast"],
    "gomemlimit": ["much", "1GB", "-1"],
    "godebug": ["gctrace", "=1", "a=1,,b=2", "a=1,a=2", "a b=1"],
    "affinity": ["x", "0-", "0,9999999999", "0-9999999999", "1-0", "0,,1"],
    "pinning": ["every", "0-", "-1"],
    "nice": ["20", "-21", "1.5", "low"],
    "scheduling": ["fifo", "fifo:0", "fifo:100", "rr:1", "deadline"],
    "huge-pages": ["on", "always"],
    "aslr": ["on", "0"],
    "allocator": ["malloc", "hoard"],
    "malloc-conf": ["narenas=1", "a:1,", "a"],
    "glibc-malloc": ["arenas=1", "arena_max", "arena_max=1:2"],
    "mimalloc": ["purge_delay", "purge-delay=1"],
    "cpu-quota": ["0", "-1", "half", "0.001", "1/5s", "1/0s", "1/later", "1/"],
    "memory-limit": ["1", "64MB", "all", "64 MiB", "999KiB"],
    "background": ["cpu", "cpu:0", "gpu:1", "cpu:1+cpu:1", "cpu:65", "cpu:1,io:1"],
    "rate": ["0", "-5", "x0", "fast", "inf", "nan"],
    "mix": ["get", "get=-1", "get=often", "get=inf"],
    "connections": ["0", "-1", "some"],
    "features": ["a,", "a b"],
    "default-features": ["yes"],
    "tags": [",a", "a b"],
    "target-cpu": ["a b", "x;y"],
    "opt-level": ["4", "fast"],
    "lto": ["true-ish", "on"],
    "codegen-units": ["0", "257", "one"],
    "panic": ["stop"],
    "rustflags": ["Cx=1", " "],
    "goamd64": ["v5", "3"],
    "pgo": [],
    "layout-seed": ["0", "-1", "4294967296", "x"],
}


@pytest.fixture(params=sorted(registry.knobs()))
def knob(request: pytest.FixtureRequest) -> Knob:
    return registry.knob(request.param)


def service(language: Language) -> Service:
    return Service(language=language, binary=sys.executable)


def test_it_is_a_knob_that_says_what_it_is(knob: Knob) -> None:
    assert isinstance(knob, Knob)
    assert knob.name
    assert len(knob.help) > 10
    assert knob.levels
    assert knob.takes
    assert knob.undo
    assert len(knob.examples) >= 2
    for example in knob.examples:
        knob.check(example)


def test_impossible_levels_are_refused_with_the_possible_ones(knob: Knob) -> None:
    for level in ["", *IMPOSSIBLE[knob.name]]:
        with pytest.raises(UsageError) as told:
            knob.check(level)
        assert told.value.message.startswith(f"{knob.name}={level} is impossible")
        assert knob.levels in told.value.hint


def test_a_knob_changes_what_its_place_names_and_nothing_else(knob: Knob) -> None:
    for level in knob.examples:
        if knob.place is not KnobPlace.BUILD:
            assert knob.vary(BUILT, level) == BUILT
        if knob.place in (KnobPlace.BUILD, KnobPlace.LOAD):
            assert knob.apply(LAUNCH, level) == LAUNCH
        if knob.place is not KnobPlace.LOAD:
            assert knob.load(WORKLOAD, level) == WORKLOAD
    assert LAUNCH.env == {"HOME": "/root"}


def test_levels_of_the_start_change_environment_or_fields(knob: Knob) -> None:
    for level, added in ENVIRONMENT.get(knob.name, {}).items():
        changed = knob.apply(LAUNCH, level)
        assert changed.env == {**LAUNCH.env, **added}
        assert changed != LAUNCH
        assert (changed.argv, changed.port, changed.workdir) == (LAUNCH.argv, LAUNCH.port, LAUNCH.workdir)
    for level, fields in FIELDS.get(knob.name, {}).items():
        changed = knob.apply(LAUNCH, level)
        told = {name: getattr(changed, name) for name in Launch.__struct_fields__}
        assert told == {name: getattr(LAUNCH, name) for name in Launch.__struct_fields__} | fields


def test_levels_of_the_build_change_the_variant(knob: Knob) -> None:
    if knob.place is KnobPlace.BUILD:
        assert knob.name in BUILDS
    for level, fields in BUILDS.get(knob.name, {}).items():
        knob.check(level)
        changed = knob.vary(BUILT, level)
        told = {name: getattr(changed, name) for name in Variant.__struct_fields__}
        assert told == {name: getattr(BUILT, name) for name in Variant.__struct_fields__} | fields


def test_it_says_for_every_language_whether_it_can_act_and_holds_the_machine_as_it_was(knob: Knob) -> None:
    for language in Language:
        for level in knob.examples:
            assert isinstance(knob.needs(service(language), None, level), str)
    only = {"a Go program": Language.RUST, "a Rust package": Language.GO}
    for takes, other in only.items():
        if knob.takes.startswith(takes):
            assert "program" in knob.needs(service(other), None, knob.examples[0])


def test_of_a_process_that_has_gone_nothing_is_seen(knob: Knob) -> None:
    if knob.name == "background":
        return
    ended = subprocess.Popen(["true"])
    ended.wait()
    for level in knob.examples:
        assert knob.seen(ended.pid, LAUNCH, level) is None


def test_settings_join_those_that_are_there() -> None:
    debug = registry.knob("godebug")
    traced = msgspec.structs.replace(LAUNCH, env={"GODEBUG": "gctrace=1,schedtrace=1000"})
    launch = debug.apply(traced, "gctrace=0,a=1")
    assert launch.env["GODEBUG"] == "gctrace=0,schedtrace=1000,a=1"
    conf = registry.knob("malloc-conf")
    assert conf.apply(conf.apply(LAUNCH, "a:1"), "b:2").env["MALLOC_CONF"] == "a:1,b:2"
    glibc = registry.knob("glibc-malloc")
    assert glibc.apply(glibc.apply(LAUNCH, "mxfast=0"), "arena_max=1").env["GLIBC_TUNABLES"].count("glibc.malloc.") == 2


def test_off_is_what_a_rust_program_is_built_with_anyway() -> None:
    pgo = registry.knob("pgo")
    assert "leave the knob out" in pgo.needs(service(Language.RUST), None, "off")
    assert pgo.needs(service(Language.GO), None, "off") == pgo.needs(service(Language.RUST), None, "train") == ""


def test_an_unknown_knob_is_named_with_those_there_are() -> None:
    with pytest.raises(UsageError, match="'warp'") as told:
        registry.knob("warp")
    assert "affinity, allocator" in told.value.hint
