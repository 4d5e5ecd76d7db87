"""Results of `tailtune profile`, as its use case makes them, for tests of how they are shown."""

from tests.support.go_traces import WHOLE
from tests.support.profiles import cpu_profile, service_profile

from tailtune._native import Profile
from tailtune.judge.profile_diff import diff_profiles
from tailtune.lab.profile_views import Look, look_at
from tailtune.model.profile_view import (
    IdlePlace,
    ListedLine,
    Listing,
    ProfileResult,
    ProfileSource,
    SourceKind,
    ThreadStates,
)

PROCESS = ProfileSource(kind=SourceKind.PROCESS, name="shop", pid=4711, command="/srv/shop --port 8080")


def result(profile: Profile, look: Look, **more: object) -> ProfileResult:
    """Return what the command shows of a profile."""
    seen = look_at({"on-CPU": profile}, look)
    facts: dict[str, object] = {
        "source": PROCESS, "mode": "perf cpu-clock on every CPU, kernel and user stacks", "lost_note": "",
        "seconds": 10.0, "lost": 0, "interrupted": False, "values": seen.values, "tables": seen.tables, "threads": [],
        "idle": [], "listings": seen.listings, "calls": seen.calls, "diff": None, "written": [],
        "warnings": seen.warnings,
    }  # fmt: skip
    return ProfileResult(**(facts | more))  # type: ignore[arg-type]


PLAIN = result(service_profile(), Look(top=8, tree=True, callers=["main.hash"], callees=["main.serve"]))
FEW = result(
    cpu_profile({("main.hash", "main.main"): 30, ("main.\x1b[31mred", "main.main"): 3}),
    Look(),
    interrupted=True,
    lost=12,
    lost_note="kernel stacks: sysctl kernel.perf_event_paranoid=1",
    written=["cpu.pb.gz"],
)
LISTED = Listing(
    function="main.hash",
    file="/src/shop/hash.go",
    unit="nanoseconds",
    total=1e9,
    lines=[
        ListedLine(line=12, own=0, cumulative=4e8, text="\tfor i := range n {"),
        ListedLine(line=13, own=4e8, cumulative=4e8, text="\t\th = (h ^ uint64(i)) * prime"),
    ],
    note="",
)
UNREADABLE = Listing(
    function="core::hash::Hasher::finish", file="/rustc/ab/library/core/src/hash/mod.rs", unit="nanoseconds", total=1e9,
    lines=[ListedLine(line=0, own=1e7, cumulative=1e7, text="")], note="/rustc/ab/library is not readable here",
)  # fmt: skip
WAITING = result(
    service_profile(),
    Look(top=3),
    threads=[
        ThreadStates(tid=4711, pid=4711, name="shop", wall_ns=10**10, on_cpu_ns=4 * 10**9, runnable_ns=10**9,
                     blocked_ns=499 * 10**7, switches=1234, residue_ns=10**7),
        ThreadStates(tid=4712, pid=4711, name="worker", wall_ns=10**10, on_cpu_ns=10**8, runnable_ns=0,
                     blocked_ns=99 * 10**8, switches=40, residue_ns=0),
    ],
    idle=[IdlePlace(meaning="Go: a worker without a goroutine to run", source="runtime/proc.go", blocked_ns=9.1e9)],
    listings=[LISTED, UNREADABLE],
)  # fmt: skip
DIFFERENT = result(
    service_profile(hashing=620), Look(), diff=diff_profiles([service_profile()], [service_profile(hashing=620)])
)
GO_TRACE = result(service_profile(), Look(top=3), mode="execution trace in the format of Go 1.26", trace=WHOLE)
