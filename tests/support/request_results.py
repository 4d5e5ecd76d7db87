"""Fixed values of the model for golden outputs: where the time of requests goes."""

from msgspec.structs import replace
from tests.support import results as given
from tests.support.results import estimate

from tailtune.model.finding import FindingInFull, SeenRequest, SeenStack, SeenWait
from tailtune.model.request_parts import (
    Band,
    PartKind,
    PartShare,
    Place,
    RequestBands,
    RequestTimeline,
    Step,
    Undivided,
)

COMPUTING, WAITING, UNKNOWN = PartKind
MS = 1_000_000


def part(name: str, kind: PartKind, share: float, mean_ns: float, *places: tuple[str, float, int]) -> PartShare:
    return PartShare(
        part=name,
        kind=kind,
        share=estimate(share, max(0.0, share - 0.02), min(1.0, share + 0.02), 120),
        mean_ns=mean_ns * share,
        places=[Place(function=function, share=seen, count=count) for function, seen, count in places],
    )


MEDIAN = Band(
    name="p45-p55",
    low_q=0.45,
    high_q=0.55,
    requests=160,
    least_ns=1_190_000,
    most_ns=1_270_000,
    mean_ns=1_230_000.0,
    computing=estimate(0.712, 0.701, 0.722, 160),
    waiting=estimate(0.284, 0.27, 0.3, 160),
    unknown=estimate(0.004, 0.0, 0.009, 160),
    parts=[
        part("on CPU", COMPUTING, 0.712, 1.23e6, ("shop.render", 0.61, 540), ("runtime.mallocgc", 0.22, 194)),
        part("way in", WAITING, 0.2, 1.23e6),
        part("way back", WAITING, 0.084, 1.23e6),
        part("residue", UNKNOWN, 0.004, 1.23e6),
    ],
    examples=["r803", "r1207", "r15"],
)
HIGH = replace(
    MEDIAN,
    name="p90-p99",
    low_q=0.9,
    high_q=0.99,
    requests=144,
    least_ns=3_100_000,
    most_ns=6_700_000,
    mean_ns=4_420_000.0,
)
TAIL = Band(
    name="above p99",
    low_q=0.99,
    high_q=1.0,
    requests=16,
    least_ns=6_810_000,
    most_ns=38_400_000,
    mean_ns=12_300_000.0,
    computing=estimate(0.141, 0.11, 0.172, 16),
    waiting=estimate(0.819, 0.76, 0.87, 16),
    unknown=estimate(0.04, 0.02, 0.06, 16),
    parts=[
        part("lock", WAITING, 0.613, 12.3e6, ("cache.(*Shard).Get", 0.97, 31), ("log.(*Logger).output", 0.03, 2)),
        part("on CPU", COMPUTING, 0.141, 12.3e6, ("shop.render", 0.58, 102)),
        part("runnable", WAITING, 0.103, 12.3e6, ("runtime.gcDrain", 0.7, 14)),
        part("reader blocked: disk I/O", WAITING, 0.103, 12.3e6, ("os.(*File).Sync", 1.0, 3)),
        part("handed over", UNKNOWN, 0.036, 12.3e6),
        part("residue", UNKNOWN, 0.004, 12.3e6),
    ],
    examples=["r1204", "r77", "r1411"],
)
BANDS = RequestBands(
    window="diagnose",
    requests=1_600,
    divided=1_588,
    handed_over=41,
    bands=[MEDIAN, HIGH, TAIL],
    coverage=estimate(0.962, 0.94, 0.98, 16),
    undivided=[
        Undivided(reason="no read seen (another process, io_uring, lost)", requests=8),
        Undivided(reason="connection not known", requests=4),
    ],
    warnings=[],
)


def step(name: str, kind: PartKind, begin: int, length: int, tid: int | None = None, *functions: str) -> Step:
    return Step(
        part=name,
        kind=kind,
        begin_ns=begin,
        length_ns=length,
        tid=tid,
        thread="shop" if tid else "",
        place=functions[0] if functions else "",
        functions=list(functions),
    )


TIMELINE = RequestTimeline(
    request="r1204",
    window="diagnose",
    operation="render",
    status=200,
    outcome="ok",
    connection=5,
    latency_ns=38_400_000,
    rank=0.9994,
    steps=[
        step("client queue", WAITING, 0, 12_000),
        step("way in", WAITING, 12_000, 1_088_000),
        step("reader on CPU", WAITING, 1_100_000, 300_000, 4711, "shop.render"),
        step("on CPU", COMPUTING, 1_400_000, 2_600_000, 4711, "shop.parse", "shop.render", "runtime.mallocgc"),
        step("lock", WAITING, 4 * MS, 29 * MS, 4711, "cache.(*Shard).Get"),
        step("runnable", WAITING, 33 * MS, 2 * MS, 4711, "runtime.gcDrain"),
        step("on CPU", COMPUTING, 35 * MS, 3_380_000, 4711, "text/template.(*Template).Execute", "shop.a" * 12),
        step("way back", WAITING, 38_380_000, 20_000),
    ],
    note="",
)
EXPLANATION = replace(given.EXPLANATION, requests=BANDS, together=[])
RUN = replace(given.RUN, requests=BANDS)
RUN_FACTS = replace(given.RUN_FACTS, requests=BANDS)
ONE_REQUEST = replace(EXPLANATION, timeline=TIMELINE)
ONE_FINDING = replace(
    EXPLANATION,
    finding=FindingInFull(
        finding=EXPLANATION.findings[1],
        stacks=[
            SeenStack(
                source="tables/waits.parquet",
                kernel=0,
                functions=["futex", "futex::futex_wait", "Mutex::lock_contended", "cart::price", "shop::answer"],
                share=0.93,
                count=31,
            ),
            SeenStack(source="tables/waits.parquet", functions=["__lll_lock_wait"], kernel=0, share=0.07, count=2),
            SeenStack(
                source="profiles/on-cpu.diagnose.pb.gz",
                functions=["page_fault", "fault", "entry", *(f"regexp.(*compiler).level{at}" for at in range(20))],
                kernel=3,
                share=1.0,
                count=1_241,
            ),
        ],
        requests=[
            SeenRequest(request="r1204", latency_ns=38_400_000, spent_ns=29_000_000),
            SeenRequest(request="r77", latency_ns=21_000_000, spent_ns=9_300_000),
        ],
        waits=[
            SeenWait(
                request="r1204",
                part="lock",
                begin_ns=4 * MS,
                length_ns=29 * MS,
                tid=4711,
                thread="shop",
                place="cart::price",
            ),
            SeenWait(
                request="r77",
                part="reader blocked: lock",
                begin_ns=400_000,
                length_ns=9_300_000,
                tid=4712,
                thread="",
                place="cart::price",
            ),
        ],
    ),
)
BARE_FINDING = replace(
    EXPLANATION,
    finding=FindingInFull(
        finding=EXPLANATION.findings[0],
        stacks=[],
        requests=[SeenRequest(request="r1204", latency_ns=38_400_000, spent_ns=None)],
    ),
)
UNDIVIDED_REQUEST = replace(
    EXPLANATION,
    timeline=replace(
        TIMELINE,
        note="the server's part could not be told: connection not known",
        steps=[step("client queue", WAITING, 0, 12_000), step("not divided", UNKNOWN, 12_000, 38_388_000)],
    ),
)
