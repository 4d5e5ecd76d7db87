"""Fixed values of the model for the golden outputs: one run, one load, a list of recordings."""

from msgspec.structs import replace

from tailtune.model.condition import ConditionResult, Outcome, Unit
from tailtune.model.environment import Environment
from tailtune.model.estimate import Estimate, QuantileEstimate
from tailtune.model.finding import Evidence, Finding, Group, Strength
from tailtune.model.load import HostAccount, LoadReport, OperationCount, Reason, Validity
from tailtune.model.overlap import SeenTogether
from tailtune.model.project import Language, Service, Variant
from tailtune.model.recording import (
    Artifact,
    CollectorRecord,
    CpuLayout,
    Entry,
    Kind,
    Manifest,
    Phase,
    PhaseRecord,
    SteadyState,
)
from tailtune.model.results import (
    ExplainResult,
    LoadResult,
    RecordingFacts,
    Removal,
    RunList,
    RunResult,
)
from tailtune.model.summary import (
    CpuSummary,
    CurvePoint,
    DiagnosingCost,
    GcSummary,
    GoalResult,
    GoalStatus,
    HeatMap,
    LatencySummary,
    RunSummary,
    SchedulingSummary,
    ServiceTime,
    StatesSummary,
    WindowSummary,
)
from tailtune.model.units import Duration
from tailtune.model.workload import Operation, Workload

RUN_ID = "20261124-101500-3f2a"
EXPERIMENT_ID = "20261124-103000-9c41"
SHA = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
PATH = f"/srv/shop/.tailtune/runs/{RUN_ID}"
SECOND = 1_000_000_000


def estimate(point: float, low: float | None, high: float | None, n: int = 12_000) -> Estimate:
    return Estimate(point=point, low=low, high=high, confidence=0.95, n=n)


ENVIRONMENT = Environment(
    hostname="bench",
    os="Debian GNU/Linux 12",
    kernel="6.1.0",
    cpu_model="Example CPU @ 2.50GHz",
    logical_cpus=2,
    allowed_cpus=[0, 1],
    memory_bytes=8 * 2**30,
    cgroup_version=2,
    cpu_quota=None,
    governor=None,
    turbo=None,
    smt=False,
    transparent_hugepages="madvise",
    aslr=2,
    virtual_machine=True,
    clock_source="tsc",
    python="3.11.2",
    tailtune="0.1.0",
    toolchains={"go": "1.24.1"},
)
LAYOUT = CpuLayout(engine=[0], service=[1], note="load engine on CPU 0, service on CPU 1")

REPORT = LoadReport(
    schedule_sha256=SHA,
    arrival="poisson",
    loop="open",
    scheduled_requests=12_000,
    sent_requests=12_000,
    completed_requests=11_997,
    started_ns=1,
    scheduled_duration_ns=60 * SECOND,
    elapsed_ns=60 * SECOND,
    scheduled_rate_per_s=200.0,
    achieved_rate_per_s=199.95,
    send_lag_ns={"p50": 3_100.0, "p90": 8_800.0, "p99": 45_200.0, "p99.9": 112_000.0, "max": 812_000.0},
    timer_lag_ns={"p50": 3_000.0, "p90": 8_100.0, "p99": 41_000.0, "p99.9": 101_000.0, "max": 640_000.0},
    in_flight_time_average=0.412,
    little_error=0.0004,
    peak_connections=9,
    peak_client_queue=0,
    operations=[
        OperationCount(name="render", requests=9_000, unexpected_status=2, timeouts=1, connection_errors=0),
        OperationCount(name="search", requests=3_000, unexpected_status=0, timeouts=0, connection_errors=0),
    ],
    scheduling="fifo",
    pinned_cpu=0,
    engine_cpu_ns=21 * SECOND,
    engine_spin_ns=19 * SECOND,
    involuntary_switches=4,
    run_delay_ns=1_000_000,
    interrupted=False,
)


def quantiles(*points: tuple[float, float, float] | None) -> list[QuantileEstimate]:
    return [
        QuantileEstimate(q=q, estimate=estimate(*point) if point else None)
        for q, point in zip((0.5, 0.9, 0.99, 0.999), points, strict=True)
    ]


LATENCY = LatencySummary(
    operation="",
    requests=12_000,
    errors=3,
    quantiles=quantiles(
        (1.23e6, 1.20e6, 1.27e6), (3.1e6, 3.02e6, 3.2e6), (6.81e6, 6.52e6, 7.1e6), (19.2e6, 17.4e6, 22.8e6)
    ),
    mean_ns=2.06e6,
    max_ns=38.4e6,
    service_time=ServiceTime(
        requests=11_999,
        quantiles=quantiles(
            (1.21e6, 1.18e6, 1.25e6), (3.0e6, 2.92e6, 3.1e6), (6.61e6, 6.32e6, 6.9e6), (18.2e6, 16.4e6, 21.8e6)
        ),
        mean_ns=2.02e6,
        max_ns=37.9e6,
    ),
)
RENDER = replace(LATENCY, operation="render", requests=9_000)
SEARCH = LatencySummary(
    operation="search",
    requests=3_000,
    errors=0,
    quantiles=quantiles((812e3, 800e3, 820e3), (1.9e6, 1.8e6, 2.0e6), (4.1e6, 3.9e6, 4.4e6), None),
    mean_ns=1.0e6,
    max_ns=9.0e6,
)
WINDOW = WindowSummary(
    window="measure",
    seconds=60.0,
    achieved_rate_per_s=199.95,
    validity=Validity.VALID,
    reasons=[],
    latency=LATENCY,
    operations=[RENDER, SEARCH],
    cpu=CpuSummary(
        per_request_ns=estimate(1.92e6, 1.90e6, 1.94e6, 60),
        user_ns_per_request=1.80e6,
        system_ns_per_request=120e3,
        cores=0.384,
    ),
    scheduling=SchedulingSummary(
        run_delay_ns_per_request=12_400.0,
        involuntary_switches_per_request=0.021,
        throttled_ns=0,
        throttled_periods=0,
        steal_share=0.0013,
    ),
    peak_rss_bytes=87_242_342,
    gc=GcSummary(
        cycles=341,
        cycles_per_s=5.68,
        cpu_share=0.121,
        assist_share=0.031,
        pause_mean_ns=61_000.0,
        pause_max_ns=902_000.0,
        heap_live_bytes=5_242_880,
        heap_goal_bytes=10_485_760,
    ),
    curve=[
        CurvePoint(q=1 - 10 ** -(0.301 + step / 16), latency_ns=1.23e6 * 1.08**step, service_ns=1.21e6 * 1.07**step)
        for step in range(45)
    ],
    heat_map=HeatMap(
        seconds_per_column=2.0,
        edges_ns=[0.5e6, 1e6, 2e6, 5e6, 10e6, 20e6, 50e6],
        counts=[[max(0, 300 // 9**row - (column * 7 + row) % 5) for column in range(30)] for row in range(6)],
    ),
)
SUMMARY = RunSummary(
    id=RUN_ID,
    kind=Kind.RUN,
    variant="base",
    measure=WINDOW,
    diagnose=replace(
        WINDOW,
        window="diagnose",
        seconds=8.0,
        operations=[],
        curve=[],
        heat_map=None,
        states=StatesSummary(on_cpu=0.412, runnable=0.031, blocked=9.55, residue=0.007, residue_share=0.0007),
    ),
    goals=[
        GoalResult(
            goal="p99",
            limit=Duration(5_000_000),
            measured=estimate(6.81e6, 6.52e6, 7.1e6),
            status=GoalStatus.MISSED,
        ),
        GoalResult(goal="p99.9", limit=Duration(20_000_000), measured=None, status=GoalStatus.UNDECIDED),
        GoalResult(
            goal="cpu_per_request",
            limit=Duration(2_000_000),
            measured=estimate(1.92e6, 1.90e6, 1.94e6, 60),
            status=GoalStatus.MET,
        ),
    ],
    warnings=[],
    diagnosing=DiagnosingCost(
        cpu_per_request=estimate(1.031, 1.012, 1.05, 8),
        p50=estimate(1.012, 0.985, 1.04, 1_600),
        p99=estimate(1.083, 0.95, 1.236, 1_600),
    ),
)
SHORT_SUMMARY = replace(
    SUMMARY,
    goals=[],
    diagnose=None,
    diagnosing=None,
    measure=replace(
        WINDOW,
        validity=Validity.INVALID,
        reasons=[
            Reason(
                code="send-lag",
                validity=Validity.INVALID,
                message="send lag p99 of 3.20 ms is 41.0 % of the reported p99; at most 5 % is allowed",
                remedy="leave a CPU to the load engine, or permit real-time priority: see tailtune doctor",
            )
        ],
        latency=replace(LATENCY, requests=412, quantiles=quantiles((1.23e6, 1.20e6, 1.27e6), None, None, None)),
        operations=[],
        cpu=None,
        scheduling=None,
        peak_rss_bytes=None,
        gc=None,
    ),
)

MANIFEST = Manifest(
    id=RUN_ID,
    kind=Kind.RUN,
    created_utc="2026-11-24T10:15:00Z",
    command=["/usr/local/bin/tailtune", "run", "--workload", "mixed"],
    environment=ENVIRONMENT,
    service=Service(language=Language.GO, package="./cmd/shop"),
    variants={"base": Variant()},
    workload_name="mixed",
    workload=Workload(
        operations=[Operation(name="render", weight=3.0, path="/render"), Operation(name="search", path="/search")],
        rate_per_s=200.0,
        duration=Duration(60 * SECOND),
        seed=7,
    ),
    artifacts=[
        Artifact(
            variant="base",
            path="/srv/shop/.tailtune/builds/base",
            sha256=SHA,
            build_id="Qk3/abc",
            build_command=["go", "build", "-o", "shop", "./cmd/shop"],
            build_seconds=6.1,
            size_bytes=9_437_184,
        )
    ],
    schedule_sha256=SHA,
    seed=7,
    phases=[
        PhaseRecord(phase=Phase.BUILD, started_ns=0, ended_ns=6_100_000_000),
        PhaseRecord(phase=Phase.READY, started_ns=7 * SECOND, ended_ns=7_400_000_000),
        PhaseRecord(phase=Phase.WARM_UP, started_ns=8 * SECOND, ended_ns=31 * SECOND),
        PhaseRecord(phase=Phase.MEASURE, started_ns=31 * SECOND, ended_ns=91 * SECOND),
    ],
    steady=SteadyState(steady=True, seconds=23.0, reason="p50 and CPU per request within 5 % for 8 s"),
    layout=LAYOUT,
    load=REPORT,
    collectors=[
        CollectorRecord(
            name="on-cpu",
            phases=[Phase.MEASURE],
            cost="< 0.5 % CPU",
            mode="perf cpu-clock, user stacks",
            lost="kernel frames: perf_event_paranoid is 2",
        )
    ],
    warnings=["the service and the kernel share CPU 1"],
)


def finding(number: int, *, evidence: int = 2) -> Finding:
    return Finding(
        id=f"hot-function:example.com/shop.step{number}",
        rule="hot-function",
        title=f"shop.step{number} compiles a regular expression for each request",
        group=Group.ALGORITHM,
        strength=Strength.STRONG,
        share=estimate(0.412 / number, 0.38 / number, 0.445 / number, 3_012),
        share_of="CPU time",
        evidence=[
            Evidence(
                text=f"{1_241 // (number * item):,} of 3,012 samples lie below regexp.Compile in step{number}",
                source="profiles/on-cpu.diagnose.pb.gz",
                count=1_241 // (number * item),
            )
            for item in range(1, evidence + 1)
        ],
        disproof="the share stays when the expression is compiled once",
        proposal="compile the expression once, in a package variable",
        confirm="tailtune compare base fast",
    )


CONDITIONS = [
    ConditionResult(
        condition="p99 > 5ms", unit=Unit.NS, limit=5e6, measured=6.81e6, low=6.52e6, high=7.1e6,
        outcome=Outcome.FAILED, certain=True,
    ),
    ConditionResult(
        condition="search.p90 > 1.95ms", unit=Unit.NS, limit=1.95e6, measured=1.9e6, low=1.8e6, high=2.0e6,
        outcome=Outcome.PASSED, certain=False,
    ),
    ConditionResult(
        condition="errors > 0.1%", unit=Unit.SHARE, limit=0.001, measured=0.00025, low=None, high=None,
        outcome=Outcome.PASSED, certain=False,
    ),
    ConditionResult(
        condition="p99.99 > 1s", unit=Unit.NS, limit=1e9, measured=None, low=None, high=None,
        outcome=Outcome.UNDECIDED, certain=False, why="too few requests for p99.99",
    ),
]  # fmt: skip


RUN = RunResult(
    bundle_id=RUN_ID,
    path=PATH,
    manifest=MANIFEST,
    summary=SUMMARY,
    findings=[finding(1), finding(2)],
    warnings=["the service and the kernel share CPU 1"],
)
LOAD = LoadResult(
    url="http://127.0.0.1:8080/render",
    summary=replace(SUMMARY, kind=Kind.LOAD, variant="", goals=[]),
    report=replace(REPORT, pacing="precise", host=HostAccount(steal_share=0.0013, throttled_ns=0, throttled_periods=0)),
    written=["out/load.hlog"],
)
CONDITIONAL_LOAD = replace(LOAD, summary=replace(LOAD.summary, conditions=CONDITIONS))
CLOSED_LOAD = LoadResult(
    url="http://127.0.0.1:8080/render",
    loop="closed with 64 connections",
    summary=replace(SUMMARY, kind=Kind.LOAD, variant="", goals=[]),
    report=replace(REPORT, loop="closed", arrival="closed", max_connections=64, threads=2, scheduled_rate_per_s=0.0),
)
BAD_REPORT = replace(
    REPORT,
    validity=Validity.INVALID,
    reasons=SHORT_SUMMARY.measure.reasons,
    scheduling="other (nice 0)",
    pinned_cpu=None,
    interrupted=True,
    warnings=["real-time priority is not permitted"],
)
BAD_LOAD = LoadResult(
    bundle_id=RUN_ID,
    path=PATH,
    url="http://127.0.0.1:8080/render",
    summary=replace(SHORT_SUMMARY, kind=Kind.LOAD, variant=""),
    report=BAD_REPORT,
)
EXPLANATION = ExplainResult(
    bundle_id=RUN_ID,
    summary=SUMMARY,
    findings=[finding(number) for number in range(1, 8)],
    warnings=["kernel frames were not seen"],
    together=[
        SeenTogether(
            event="garbage collection",
            window="measure",
            events=341,
            requests=120,
            together=estimate(0.81, 0.58, 0.95, 31),
            chance=0.24,
            lift=estimate(3.375, 2.42, 3.96, 31),
            is_beyond_chance=True,
        ),
        SeenTogether(
            event="page faults",
            window="diagnose",
            events=9,
            requests=16,
            together=estimate(0.25, 0.04, 0.6, 11),
            chance=0.19,
            lift=estimate(1.32, 0.21, 3.16, 11),
            is_beyond_chance=False,
        ),
    ],
)
RUN_FACTS = RecordingFacts(path=PATH, manifest=MANIFEST, summary=SUMMARY, findings=[finding(1)])
PARTIAL_FACTS = RecordingFacts(
    path=PATH,
    manifest=replace(
        MANIFEST,
        partial=True,
        failure="interrupted while warming up",
        load=None,
        phases=MANIFEST.phases[:2],
        steady=None,
    ),
    warnings=["no request was measured"],
)


RUN_LIST = RunList(
    directory="/srv/shop/.tailtune/runs",
    recordings=[
        Entry(
            id=EXPERIMENT_ID,
            path=PATH.replace(RUN_ID, EXPERIMENT_ID),
            kind=Kind.EXPERIMENT,
            created_utc="2026-11-24T10:30:00Z",
            variants=["base", "fast"],
            workload="mixed",
            size_bytes=482_113,
        ),
        Entry(
            id=RUN_ID,
            path=PATH,
            kind=Kind.RUN,
            created_utc="2026-11-24T10:15:00Z",
            variants=["base"],
            workload="mixed",
            requests=12_000,
            validity=Validity.VALID,
            size_bytes=1_904_332,
        ),
        Entry(
            id="20261124-094100-77d0",
            path="/srv/shop/.tailtune/runs/20261124-094100-77d0",
            kind=Kind.RUN,
            created_utc="2026-11-24T09:41:00Z",
            variants=["base"],
            workload="mixed",
            partial=True,
            failure="interrupted while measuring",
            size_bytes=90_332,
        ),
        Entry(
            id="20261124-093000-0a1b",
            path="/srv/shop/.tailtune/runs/20261124-093000-0a1b",
            size_bytes=512,
            damaged="manifest.json is cut short",
        ),
    ],
)
EMPTY_RUN_LIST = RunList(directory="/srv/shop/.tailtune/runs", recordings=[])
REMOVAL = Removal(bundle_id=RUN_ID, path=PATH, freed_bytes=1_904_332)
