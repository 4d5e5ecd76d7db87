"""Every knob acts on real programs, is seen in them, and is undone, also after a kill -9 of the tool."""

import contextlib
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.support.rust_service import rust_source
from tests.support.trials import started
from tests.support.waiting import wait_until

from tailtune.errors import NotReadyError, SetupError, UsageError
from tailtune.model.project import Language, Service, Variant
from tailtune.record import registry
from tailtune.record.host import groups
from tailtune.record.host.cgroup import seat
from tailtune.record.phases.service import Build, RunningService, build, start
from tailtune.record.ports import CpuQuota, Launch
from tailtune.record.processes import journal, ownership, proc
from tailtune.record.processes.preload import find_library
from tailtune.record.processes.process import supervisor

pytestmark = pytest.mark.real

CHECKOUT = Path(__file__).parents[2]
ROOT = os.geteuid() == 0
needs_groups = pytest.mark.skipif(
    not ROOT or (found := seat("cpu")) is None or found.version != 1, reason="needs control groups of version 1"
)
GO = """package main

import (
	"fmt"
	"net/http"
	"os"
	"runtime"
)

func main() {
	for i := 0; i < 3; i++ {
		go func() { runtime.LockOSThread(); select {} }()
	}
	http.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, "ok") })
	http.ListenAndServe("127.0.0.1:"+os.Args[1], nil)
}
"""
RUST = rust_source()
ARGS = ["{port}"]


@pytest.fixture(autouse=True)
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Journals go to the test's own folder; nothing is left of a test."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    supervisor.cache_clear()
    yield tmp_path / "state" / "tailtune" / "settings"
    supervisor().close()
    supervisor.cache_clear()
    assert groups_left() == []
    assert list((tmp_path / "state" / "tailtune" / "settings").glob("*")) == []


@pytest.fixture(scope="module")
def go_program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("go-program")
    (folder / "main.go").write_text(GO)
    (folder / "go.mod").write_text("module example.org/knobs\n\ngo 1.24\n")
    subprocess.run(
        ["go", "build", "-o", "service", "."], cwd=folder, check=True, env={**os.environ, "CGO_ENABLED": "0"}
    )
    return folder / "service"


@pytest.fixture(scope="module")
def rust_program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("rust-program")
    (folder / "main.rs").write_text(RUST)
    subprocess.run(["rustc", "-O", "-o", "service", "main.rs"], cwd=folder, check=True)
    return folder / "service"


@contextlib.contextmanager
def running(program: Path, language: Language, folder: Path, knobs: dict[str, str]) -> Iterator[RunningService]:
    """Start a built program as a service of a language, with knobs."""
    command = Service(language=Language.COMMAND, binary=str(program), args=ARGS)
    artifact = build(command, "x", Variant(), folder, folder)
    service = Service(language=language, args=ARGS)
    made = Build(name="x", variant=Variant(knobs=knobs), artifact=artifact)
    one = start(service, made, root=folder, cpus=[], stdout=folder / "out", stderr=folder / "err")
    try:
        one.wait_ready()
        yield one
    finally:
        one.stop()
    assert started() == []


def groups_left(pid: int = 0) -> list[Path]:
    """All control groups of a tailtune, by default of this one: those that run beside it have their own."""
    name = f"{journal.PREFIX}{pid or os.getpid()}-"
    tree = os.walk("/sys/fs/cgroup")  # which groups of others may leave meanwhile
    return [Path(top, one) for top, groups, _ in tree for one in groups if one.startswith(name)]


def seen(service: RunningService) -> list[str | None]:
    return [one.seen for one in service.applied()]


def asked(knobs: dict[str, str]) -> list[str]:
    return [f"{knob}={level}" for knob, level in knobs.items()]


CPU = str(min(os.sched_getaffinity(0)))
ANYWHERE = {
    "affinity": CPU,
    "nice": "7",
    "scheduling": "batch",
    "huge-pages": "off",
    "aslr": "off",
    "glibc-malloc": "arena_max=1",
    "malloc-conf": "narenas:1",
    "mimalloc": "purge_delay=0",
}
OF_GO = {"gomaxprocs": "3", "gogc": "250", "gomemlimit": "64MiB", "godebug": "madvdontneed=1"}
GROUPED = {"cpu-quota": "0.5/20ms", "memory-limit": "64MiB"}


def test_settings_of_the_start_act_on_a_go_program(go_program: Path, tmp_path: Path) -> None:
    knobs = {**ANYWHERE, **OF_GO}
    with running(go_program, Language.GO, tmp_path, knobs) as service:
        assert seen(service) == asked(knobs)
        # The runtime itself says how many threads run Go code at once.
        assert wait_until(lambda: " gomaxprocs=3 " in (tmp_path / "err").read_text(), 10)
        assert seen(service) == asked(knobs)
        assert os.getpriority(os.PRIO_PROCESS, service.process.pid) == 7
        assert os.sched_getscheduler(service.process.pid) == os.SCHED_BATCH


def test_settings_of_the_start_act_on_a_rust_program(rust_program: Path, tmp_path: Path) -> None:
    with running(rust_program, Language.RUST, tmp_path, ANYWHERE) as service:
        assert seen(service) == asked(ANYWHERE)


def test_without_knobs_a_program_starts_as_the_tool_runs(rust_program: Path, tmp_path: Path) -> None:
    with running(rust_program, Language.RUST, tmp_path, {}) as service:
        assert os.getpriority(os.PRIO_PROCESS, service.process.pid) == os.getpriority(os.PRIO_PROCESS, 0)
        assert (registry.knob("aslr").seen(service.process.pid, launch_of(service), "off")) == "aslr=system"
        assert (registry.knob("huge-pages").seen(service.process.pid, launch_of(service), "off")) == "huge-pages=system"
        assert service.applied() == []


@pytest.mark.parametrize("allocator", ["jemalloc", "mimalloc", "tcmalloc"])
def test_allocators_are_preloaded(allocator: str, rust_program: Path, go_program: Path, tmp_path: Path) -> None:
    knob = registry.knob("allocator")
    missing = knob.needs(Service(language=Language.RUST), str(rust_program), allocator)
    if "not installed" in missing:
        assert "apt-get install lib" in missing
        pytest.skip(missing)
    with running(rust_program, Language.RUST, tmp_path, {"allocator": allocator}) as service:
        assert seen(service) == [f"allocator={allocator}"]
    with (
        pytest.raises(SetupError, match=f"allocator={allocator} cannot be applied: .*Go program"),
        running(go_program, Language.GO, tmp_path, {"allocator": allocator}),
    ):
        pass


def test_a_go_program_with_c_code_takes_an_allocator_and_a_static_one_takes_none(tmp_path: Path) -> None:
    if shutil.which("gcc") is None or not find_library("libjemalloc.so.2"):
        pytest.skip("needs gcc and libjemalloc2")
    (tmp_path / "main.go").write_text(GO.replace("import (", '// #include <stdlib.h>\nimport "C"\n\nimport (', 1))
    (tmp_path / "go.mod").write_text("module example.org/knobs\n\ngo 1.24\n")
    env = {**os.environ, "CGO_ENABLED": "1"}
    subprocess.run(["go", "build", "-o", "service", "."], cwd=tmp_path, check=True, env=env)
    with running(tmp_path / "service", Language.GO, tmp_path, {"allocator": "jemalloc"}) as service:
        assert seen(service) == ["allocator=jemalloc"]
    (tmp_path / "main.c").write_text("int main(void) { return 0; }\n")
    subprocess.run(["gcc", "-static", "-o", "static", "main.c"], cwd=tmp_path, check=True)
    reason = registry.knob("allocator").needs(Service(language=Language.COMMAND), str(tmp_path / "static"), "jemalloc")
    assert "statically" in reason


@pytest.mark.parametrize("language", [Language.GO, Language.RUST])
def test_each_thread_is_pinned_also_those_born_later(
    language: Language, go_program: Path, rust_program: Path, tmp_path: Path
) -> None:
    program = go_program if language is Language.GO else rust_program
    with running(program, language, tmp_path, {"pinning": "each"}) as service:
        pid = service.process.pid
        clients = [connected(service.port) for _ in range(4)]  # the Rust program has a thread for each
        wanted = 4 if language is Language.GO else 5
        assert wait_until(lambda: len(proc.tasks(pid)) >= wanted, 5)

        def spread() -> bool:
            sets = [os.sched_getaffinity(task) for task in proc.tasks(pid)]
            return all(len(one) == 1 for one in sets) and len(set.union(*sets)) == len(os.sched_getaffinity(0))

        assert wait_until(spread, 5)
        assert seen(service) == ["pinning=each"]
        for client in clients:
            client.close()


@pytest.mark.parametrize("level", ["idle", "fifo:1", "other"])
def test_each_policy_acts(level: str, rust_program: Path, tmp_path: Path) -> None:
    if reason := registry.knob("scheduling").needs(Service(language=Language.RUST), None, level):
        pytest.skip(reason)
    with running(rust_program, Language.RUST, tmp_path, {"scheduling": level}) as service:
        assert seen(service) == [f"scheduling={level}"]


def test_without_randomisation_two_starts_are_laid_out_alike(rust_program: Path, tmp_path: Path) -> None:
    layouts = []
    for _ in range(2):
        with running(rust_program, Language.RUST, tmp_path, {"aslr": "off"}) as service:
            lines = Path(f"/proc/{service.process.pid}/maps").read_text().splitlines()
            layouts.append([line.split()[0] for line in lines if line.endswith("/service")])
    assert layouts[0] == layouts[1] != []


UNIFIED = Path("/sys/fs/cgroup/unified")


@pytest.mark.skipif(
    not ROOT or "hugetlb" not in (UNIFIED / "cgroup.controllers").read_text().split() if UNIFIED.is_dir() else True,
    reason="needs version 2 beside version 1, with a controller that nobody uses",
)
def test_version_2_hands_out_a_controller_for_the_start_and_takes_it_back(
    rust_program: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The controller of huge pages stands in for that of CPU time, which version 1 has here."""
    machine = tmp_path / "machine"
    for folder in ("proc/self", "sys/fs"):
        (machine / folder).mkdir(parents=True)
    (machine / "proc/self/cgroup").write_text("0::/\n")
    (machine / "proc/self/mountinfo").write_text("30 24 0:27 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n")
    (machine / "sys/fs/cgroup").symlink_to(UNIFIED)
    half = {groups.CPU: CpuQuota(50_000)}
    assert "has no cpu to hand out" in groups.why_not(half, groups.journaled, machine)
    monkeypatch.setattr(groups, "_CONTROLLERS", {groups.CPU: "hugetlb"})
    monkeypatch.setattr(groups, "_files", lambda version, limit: [("hugetlb.2MB.max", "2097152", False)])
    before = (UNIFIED / "cgroup.subtree_control").read_text()
    with groups.grouped(half, groups.journaled, machine) as made:
        assert (UNIFIED / "cgroup.subtree_control").read_text().split() == [*before.split(), "hugetlb"]
        with running(rust_program, Language.RUST, tmp_path, {}) as service:
            (made[groups.CPU] / "cgroup.procs").write_text(str(service.process.pid))
            inside = Path(f"/proc/{service.process.pid}/cgroup").read_text()
            assert f"0::/{made[groups.CPU].name}\n" in inside
            assert groups.entered(service.process.pid, made[groups.CPU]) is not None
    assert (UNIFIED / "cgroup.subtree_control").read_text() == before


def test_affinity_and_pinning_go_together(rust_program: Path, tmp_path: Path) -> None:
    knobs = {"affinity": f"0-{len(os.sched_getaffinity(0)) - 1}", "pinning": "each"}
    if registry.knob("affinity").needs(Service(language=Language.RUST), None, knobs["affinity"]):
        pytest.skip("the first CPUs may not be used")
    with running(rust_program, Language.RUST, tmp_path, knobs) as service:
        assert seen(service) == asked(knobs)


@needs_groups
def test_quota_and_limit_are_in_force_and_their_groups_go_with_the_service(rust_program: Path, tmp_path: Path) -> None:
    with running(rust_program, Language.RUST, tmp_path, GROUPED) as service:
        assert seen(service) == asked(GROUPED)
        assert len(groups_left()) == 2
        inside = Path(f"/proc/{service.process.pid}/cgroup").read_text()
        assert inside.count(f"/{journal.PREFIX}{os.getpid()}-") == 2
        assert [one for one in groups_left() if str(os.getpid()) not in (one / "cgroup.procs").read_text().split()]
    assert groups_left() == []


@needs_groups
def test_a_program_in_a_group_is_stopped_when_its_quota_is_used_up(tmp_path: Path) -> None:
    (tmp_path / "main.rs").write_text(RUST.replace("fn main() {", "fn main() { std::thread::spawn(|| loop {});", 1))
    subprocess.run(["rustc", "-O", "-o", "service", "main.rs"], cwd=tmp_path, check=True)
    with running(tmp_path / "service", Language.RUST, tmp_path, {"cpu-quota": "0.2/10ms"}):
        [group] = groups_left()
        assert wait_until(lambda: "nr_throttled 0\n" not in (group / "cpu.stat").read_text(), 10)


@needs_groups
def test_a_program_that_needs_more_than_its_limit_is_ended_and_the_limit_is_named(tmp_path: Path) -> None:
    greedy = "fn main() { let all = vec![1u8; 64 << 20]; std::thread::park(); drop(all);"
    (tmp_path / "main.rs").write_text(RUST.replace("fn main() {", greedy, 1))
    subprocess.run(["rustc", "-o", "service", "main.rs"], cwd=tmp_path, check=True)
    with (
        pytest.raises(NotReadyError, match="SIGKILL") as told,
        running(tmp_path / "service", Language.RUST, tmp_path, {"memory-limit": "16MiB"}),
    ):
        pass
    assert "memory limit, here 16,777,216 bytes" in told.value.hint


def test_background_load_runs_while_the_service_is_loaded_and_only_then(rust_program: Path, tmp_path: Path) -> None:
    level = "cpu:1+memory:1+cache:1+io:1"
    with running(rust_program, Language.RUST, tmp_path, {"background": level}) as service:
        hogs = [one for one in started() if b"hog" in Path(f"/proc/{one.pid}/cmdline").read_bytes()]
        assert len(hogs) == 4
        assert seen(service) == [f"background={level}"]
        assert wait_until(lambda: states(hogs) == {"T"}, 5)
        before = sum(proc.cpu_ns(one.pid) for one in hogs)
        with service.under_load():
            assert wait_until(lambda: "T" not in states(hogs), 5)
            assert wait_until(lambda: all(proc.cpu_ns(one.pid) > 0 for one in hogs), 10)
            assert wait_until(lambda: sum(proc.cpu_ns(one.pid) for one in hogs) > before + 50_000_000, 10)
        assert wait_until(lambda: states(hogs) == {"T"}, 5)


def test_what_the_kernel_refuses_is_named_and_leaves_nothing(rust_program: Path, tmp_path: Path, state: Path) -> None:
    refused = {"affinity": "0-4000"}
    with (
        pytest.raises(SetupError, match="affinity=0-4000 cannot be applied: CPU"),
        running(rust_program, Language.RUST, tmp_path, refused),
    ):
        pass
    assert started() == []


@needs_groups
def test_a_setting_refused_in_the_last_step_takes_its_groups_back(rust_program: Path, tmp_path: Path) -> None:
    # Groups of version 1 have a budget for real-time threads of their own, and a new one has none.
    if not (Path("/sys/fs/cgroup/cpu/cpu.rt_runtime_us")).exists():
        pytest.skip("this kernel has no real-time groups")
    knobs = {"cpu-quota": "1", "scheduling": "fifo:1"}
    with (
        pytest.raises(SetupError, match="scheduling=fifo:1 is refused by the kernel: Operation not permitted"),
        running(rust_program, Language.RUST, tmp_path, knobs),
    ):
        pass
    assert groups_left() == []
    assert started() == []


def test_knobs_are_checked_before_anything_is_built(tmp_path: Path) -> None:
    service = Service(language=Language.RUST, args=ARGS)
    for knobs, error, text in (
        ({"warp": "9"}, UsageError, "'warp'"),
        ({"nice": "warm"}, UsageError, "nice=warm is impossible"),
        ({"gogc": "100"}, SetupError, "gogc=100 cannot be applied: it is a setting of Go programs"),
        ({"affinity": "60000"}, SetupError, "affinity=60000 cannot be applied: CPU 60000"),
    ):
        with pytest.raises(error, match=text):
            build(service, "x", Variant(knobs=knobs), tmp_path, tmp_path / "cache")
    assert not (tmp_path / "cache").exists()


TOOL = """
import sys, time
from pathlib import Path
from tailtune.model.project import Language, Service, Variant
from tailtune.record.phases.service import Build, build, start
from tailtune.record.processes.process import supervisor
folder, program, knobs = Path(sys.argv[1]), sys.argv[2], dict(one.split("=", 1) for one in sys.argv[3:])
service = Service(language=Language.COMMAND, binary=program, args=["{port}"])
variant = Variant(knobs=knobs)
made = Build(name="x", variant=variant, artifact=build(service, "x", variant, folder, folder))
one = start(service, made, root=folder, cpus=[], stdout=folder / "out", stderr=folder / "err")
one.wait_ready()
with one.under_load():
    print(supervisor().token, supervisor()._watchdog.pid, flush=True)
    time.sleep(600)
"""


@contextlib.contextmanager
def tool(folder: Path, program: Path, knobs: dict[str, str]) -> Iterator[tuple[subprocess.Popen[str], str, int]]:
    """Run a tool that holds a service with knobs; give it with its token and the pid of its watchdog."""
    temporary = folder / "temporary"
    temporary.mkdir()
    command = [sys.executable, "-c", TOOL, str(folder), str(program), *asked(knobs)]
    env = {**os.environ, "TMPDIR": str(temporary)}
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=CHECKOUT, env=env) as one:
        assert one.stdout is not None
        token, _, watchdog = one.stdout.readline().partition(" ")
        try:
            yield one, token, int(watchdog)
        finally:
            one.kill()


HELD = {"background": "cpu:1+io:1", "pinning": "each", **(GROUPED if needs_groups.args[0] is False else {})}


def test_after_a_kill_9_of_the_tool_nothing_is_left(rust_program: Path, tmp_path: Path, state: Path) -> None:
    with tool(tmp_path, rust_program, HELD) as (one, token, _):
        assert len(ownership.members([], token)) >= 3
        assert len(list((tmp_path / "temporary").iterdir())) == 1
        assert len(groups_left(one.pid)) == (2 if "cpu-quota" in HELD else 0)
        one.kill()
    assert wait_until(lambda: ownership.members([], token) == [], 10)
    assert wait_until(lambda: groups_left(one.pid) == [], 10)
    assert wait_until(lambda: list((tmp_path / "temporary").iterdir()) == [], 10)
    assert wait_until(lambda: list(state.iterdir()) == [], 10)


def test_where_the_watchdog_is_killed_too_the_next_start_repairs_and_says_so(
    rust_program: Path, tmp_path: Path, state: Path
) -> None:
    with tool(tmp_path, rust_program, HELD) as (one, token, watchdog):
        before = groups_left(one.pid)
        os.kill(watchdog, signal.SIGKILL)
        one.kill()
    assert wait_until(lambda: ownership.members([], token) == [], 10)
    assert groups_left(one.pid) == before
    assert len(list(state.iterdir())) == 1
    assert len(list((tmp_path / "temporary").iterdir())) == 1
    done = subprocess.run(
        [sys.executable, "-m", "tailtune", "knobs", "nice", "--json"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    )
    [warning] = [line for line in done.stderr.splitlines() if line.startswith("warning")]
    assert "an earlier tailtune was killed; undone now:" in warning
    for path in before:
        assert str(path) in warning
    assert json.loads(done.stdout)["knobs"][0]["name"] == "nice"
    assert groups_left(one.pid) == []
    assert list((tmp_path / "temporary").iterdir()) == []
    assert list(state.iterdir()) == []


NOBODY = ["setpriv", "--reuid=65534", "--clear-groups", "--inh-caps=-all", "--bounding-set=-all"]
LOOK = """
import json, sys
from tailtune.model.project import Language, Service
from tailtune.record import registry
service = Service(language=Language.COMMAND, binary="/bin/true")
names = [("nice", "5"), ("nice", "-5"), ("scheduling", "batch"), ("scheduling", "fifo:1"), ("cpu-quota", "1"),
         ("memory-limit", "64MiB"), ("huge-pages", "off"), ("aslr", "off"), ("pinning", "each"),
         ("background", "cpu:1")]
print(json.dumps({f"{name}={level}": registry.knob(name).needs(service, None, level) for name, level in names}))
"""


@pytest.mark.skipif(not ROOT or shutil.which("setpriv") is None, reason="needs a user to step down from")
def test_whoever_is_not_root_is_told_what_is_lost(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    env = {**os.environ, "XDG_STATE_HOME": "/tmp/nobody-of-tailtune"}
    done = subprocess.run([*NOBODY, sys.executable, "-c", LOOK], env=env, capture_output=True, text=True, check=False)
    if "Permission denied" in done.stderr or "No module" in done.stderr:
        pytest.skip("this checkout is not readable for others")
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    refused = {name for name, reason in told.items() if reason}
    assert refused == {"nice=-5", "scheduling=fifo:1", "cpu-quota=1", "memory-limit=64MiB"}
    assert f"below {os.getpriority(os.PRIO_PROCESS, 0)}, the tool's own" in told["nice=-5"]
    assert "Permission denied" in told["cpu-quota=1"]
    assert not Path("/tmp/nobody-of-tailtune").exists()


def launch_of(service: RunningService) -> Launch:
    return service._started.launch


def states(hogs: list[ownership.Leader]) -> set[str]:
    return {found.state for one in hogs if (found := proc.stat(one.pid)) is not None}


def connected(port: int) -> socket.socket:
    return socket.create_connection(("127.0.0.1", port))
