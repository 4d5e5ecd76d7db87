"""Fixed values of the model for the golden outputs: one machine, one repository, one self-test."""

from msgspec.structs import replace
from tests.support.results import BAD_REPORT, ENVIRONMENT, LAYOUT, estimate

from tailtune.model.detected import (
    Benchmarks,
    Detected,
    Initialized,
    Module,
    Overview,
    Program,
    Suggestion,
)
from tailtune.model.doctor import Check, CpuNoise, Diagnosis, Status, TimerError
from tailtune.model.knobs import KnobFacts, KnobList, KnobPlace
from tailtune.model.load import Validity
from tailtune.model.project import Language
from tailtune.model.selftest import Figure, LoadSelftest, LoadTest, Truth
from tailtune.model.selftest_verdicts import (
    ErrorRate,
    Injected,
    InjectedMetric,
    LiveAA,
    LiveInjected,
    LiveMetric,
    Regime,
    Replayed,
    ReplayedMetric,
    Synthetic,
    VerdictSelftest,
)
from tailtune.model.verdict import Metric

DIAGNOSIS = Diagnosis(
    environment=ENVIRONMENT,
    layout=LAYOUT,
    checks=[
        Check(
            family="processors",
            name="cores",
            status=Status.OK,
            value="2 logical CPUs, 2 allowed",
            effect="the load engine and the service get a CPU each",
        ),
        Check(
            family="processors",
            name="cpu-quota",
            status=Status.PROBLEM,
            value="1.5 CPUs by cgroup v2",
            effect="the service is stopped for up to 100 ms whenever it uses more; the tail will show the quota",
            remedy="start the container without --cpus",
        ),
        Check(
            family="profiling",
            name="hardware-counters",
            status=Status.NOTE,
            value="not present",
            effect="no instruction counts; sampling uses the clock",
        ),
    ],
    noise=[CpuNoise(cpu=0, rounds=20_000, typical_ns=101_000, p99_excess=0.052, longest_stall_ns=4_100_000)],
    timers=[TimerError(method="hybrid", scheduling="fifo", wakes=1_666, p50_ns=80, p99_ns=9_000, max_ns=1_200_000)],
)

OVERVIEW = Overview(
    detected=Detected(
        root="/srv/shop",
        modules=[
            Module(
                language=Language.GO,
                path=".",
                name="example.com/shop",
                programs=[
                    Program(
                        name="shop",
                        package="./cmd/shop",
                        serves=True,
                        port=8080,
                        args=["-addr", ":{port}"],
                        paths=["/healthz", "/render"],
                        evidence=["cmd/shop/main.go:12: flag -addr"],
                    ),
                    Program(name="migrate", package="./cmd/migrate"),
                ],
                benchmarks=[Benchmarks(tool="go test", count=14)],
                frameworks=["net/http"],
                warnings=["go.sum is missing"],
            ),
            Module(
                language=Language.RUST,
                path="ranker",
                name="ranker",
                programs=[
                    Program(name="ranker", package="ranker", binary="ranker", serves=True, env={"PORT": "{port}"})
                ],
                allocator="mimalloc",
                frameworks=["axum", "tokio"],
                release_debug_info=False,
            ),
        ],
    ),
    next=[
        Suggestion(command="tailtune doctor", reason="what can be measured on this machine"),
        Suggestion(command="tailtune init", reason="write tailtune.toml for ./cmd/shop"),
        Suggestion(command="tailtune run", reason="measure it"),
    ],
)
INITIALIZED = Initialized(
    path="/srv/shop/tailtune.toml",
    service="Go package ./cmd/shop",
    guesses=["ready check: GET /healthz answers 200", "one operation: GET /render"],
    next=[Suggestion(command="tailtune run", reason="measure it")],
)

_HELD = Figure(
    name="p50",
    unit="ns",
    expected=5_000_000.0,
    measured=5_081_300.0,
    tolerance=150_000.0,
    theory=estimate(5_100_000.0, 4_900_000.0, 5_400_000.0),
    outcome=Truth.HOLDS,
)
_TEST = LoadTest(
    name="md1-0.6",
    title="M/D/1, utilisation 0.6",
    requests=2_396,
    validity=Validity.VALID,
    reasons=[],
    accepted=[],
    figures=[_HELD, replace(_HELD, name="p99", expected=2.1e7, measured=2.09e7, tolerance=6.3e5, theory=None)],
    outcome=Truth.HOLDS,
    notes=["beyond the queue, on average: leaving 30.4 µs, serving 5.32 µs, returning 36.2 µs"],
)
SELFTEST = LoadSelftest(
    environment=ENVIRONMENT,
    layout=LAYOUT,
    tests=[
        _TEST,
        replace(
            _TEST,
            name="null-server",
            title="server that does nothing but answer",
            figures=[
                replace(_HELD, name="requests", unit="requests", expected=9, measured=9, tolerance=0, theory=None)
            ],
        ),
        replace(
            _TEST,
            name="starved",
            title="generator without real-time priority on a busy CPU",
            validity=Validity.INVALID,
            reasons=BAD_REPORT.reasons[:1],
            accepted=[Validity.INVALID],
            figures=[],
            notes=[],
        ),
    ],
    outcome=Truth.HOLDS,
    seconds=141.2,
    warnings=[],
)
BAD_SELFTEST = replace(
    SELFTEST,
    tests=[
        replace(_TEST, outcome=Truth.FAILS, figures=[replace(_HELD, measured=7.5e6, outcome=Truth.FAILS)]),
        replace(
            _TEST,
            name="mg1-0.6",
            validity=Validity.SUSPECT,
            figures=[replace(_HELD, measured=4.5e6, outcome=Truth.DISTURBED)],
            outcome=Truth.DISTURBED,
        ),
        replace(SELFTEST.tests[2], validity=Validity.SUSPECT, outcome=Truth.FAILS),
    ],
    outcome=Truth.FAILS,
)

KNOBS = KnobList(
    service="the go service of /home/me/shop",
    knobs=[
        KnobFacts(
            name="lto",
            place=KnobPlace.BUILD,
            help="optimisation across crates when the program is linked",
            levels="`off`, `thin` or `fat`",
            examples=["thin", "fat"],
            takes="a Rust package",
            undo="another binary is built; the sources stay as they are",
            refused=dict.fromkeys(["thin", "fat"], "it is a setting of Rust programs, and this is a go service"),
        ),
        KnobFacts(
            name="nice",
            place=KnobPlace.LAUNCH,
            help="share of CPU time against other programs: lower is more",
            levels="a whole number from -20 to 19",
            examples=["5", "-5"],
            takes="below the tool's own value: root or CAP_SYS_NICE",
            undo="ends with the process",
            refused={"-5": "Permission denied: it is below 0, the tool's own"},
        ),
        KnobFacts(
            name="scheduling",
            place=KnobPlace.LAUNCH,
            help="before whom the service runs",
            levels="`other`, `batch`, `idle`, or `fifo:N` with a priority N from 1 to 99",
            examples=["batch", "idle"],
            takes="nothing",
            undo="ends with the process",
        ),
        KnobFacts(
            name="cpu-quota",
            place=KnobPlace.LAUNCH,
            help="CPU time as a container is granted it",
            levels="CPUs, such as `1.5`",
            examples=["0.5", "1"],
            takes="control groups that may be made",
            undo="the group is removed with the service; after a kill -9 by the watchdog, or by the next start",
        ),
    ],
)


def _rate(false: int, verdicts: int, allowed: int) -> ErrorRate:
    share = estimate(false / verdicts, 0.0, 3 * (false + 1) / verdicts, verdicts)
    return ErrorRate(verdicts=verdicts, false=false, allowed=allowed, share=share)


VERDICTS = VerdictSelftest(
    environment=ENVIRONMENT,
    layout=LAYOUT,
    outcome=Truth.HOLDS,
    synthetic=Synthetic(
        experiments=4_000,
        epochs=80,
        margin=0.03,
        seed=1,
        seconds=3.2,
        regimes=[
            Regime(
                shape=shape,
                epoch_sd=sd,
                regressed=_rate(18, 1_000, 41),
                improved=_rate(23, 1_000, 41),
                equivalent=_rate(14, 500, 37),
                sought=500,
                found=found,
                missed=0,
                median_epochs_unchanged=unchanged,
                median_epochs_changed=15.0,
            )
            for shape, sd, found, unchanged in (("normal", 0.04, 500, 30.0), ("ar", 0.1, 427, None))
        ],
    ),
    live_aa=LiveAA(
        asked=30,
        made=30,
        hogs=2,
        epochs=8,
        metrics=[
            LiveMetric(metric=metric, false=_rate(1, 28, 5), equivalent=12, inconclusive=15, refused=2)
            for metric in (Metric.CPU_PER_REQUEST, Metric.P99)
        ],
    ),
    replayed=Replayed(
        recordings=["20260101-120000-aaaa"],
        note="all experiments are drawn from the same recorded epochs",
        metrics=[
            ReplayedMetric(
                metric=Metric.P50,
                recordings=1,
                epochs=60,
                experiment_epochs=45,
                false=_rate(31, 2_000, 123),
                equivalent=1_800,
                epoch_sd=0.021,
            )
        ],
    ),
    injected=LiveInjected(
        asked=3,
        hogs=0,
        slowdowns=[
            Injected(
                name="cpu-5",
                title="5 % more computing per request",
                made=3,
                about=Metric.CPU_PER_REQUEST,
                false=_rate(0, 3, 1),
                metrics=[
                    InjectedMetric(
                        metric=Metric.CPU_PER_REQUEST,
                        verdicts={"regressed": 2, "inconclusive": 1},
                        change=estimate(1.046, 1.021, 1.071, 9),
                    ),
                    InjectedMetric(metric=Metric.P99, verdicts={"inconclusive": 3}),
                ],
                seconds_to_verdict=[121.0, 180.0],
                median_seconds=150.5,
                epochs_to_verdict=[6, 9],
                seconds_needed=[700.0],
            )
        ],
    ),
    seconds=4_980.0,
    warnings=[],
)
BAD_VERDICTS = replace(
    VERDICTS,
    outcome=Truth.FAILS,
    failed=["live A/A, p99: 9 of 28 false, chance explains 5"],
    synthetic=None,
    replayed=None,
    injected=None,
    live_aa=LiveAA(
        asked=30,
        made=28,
        hogs=0,
        epochs=8,
        metrics=[LiveMetric(metric=Metric.P99, false=_rate(9, 28, 5), equivalent=4, inconclusive=15, refused=0)],
    ),
    interrupted=True,
    warnings=["A/A 4 of 30 failed: the service is silent"],
)
