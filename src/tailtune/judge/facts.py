"""What diagnosis rules may use: everything a recording tells, gathered once."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final

from tailtune.bundle import Bundle
from tailtune.errors import NativeError
from tailtune.judge import memory_costs
from tailtune.judge.atomic_samples import AtomicSamples, atomic_samples
from tailtune.judge.bands import bands_of
from tailtune.judge.cache_misses import CacheMisses, cache_misses
from tailtune.judge.connects import Connects, connects_of
from tailtune.judge.cpu_queue import CpuQueue, cpu_queue
from tailtune.judge.crowds import Crowd, crowd
from tailtune.judge.granted_cpus import granted_cpus
from tailtune.judge.in_front import in_front
from tailtune.judge.long_runs import LongRuns, long_runs
from tailtune.judge.memory import Memory, memory_of
from tailtune.judge.memory_costs import FirstTouches, Pressed
from tailtune.judge.overlap import Overlap
from tailtune.judge.overlap_events import seen_together, tells_requests
from tailtune.judge.request_bands import GO_TRACE
from tailtune.judge.request_parts import RequestParts
from tailtune.judge.request_sizes import sized_times
from tailtune.judge.resources import go_processors, page_faults
from tailtune.judge.stackprofile import FEWEST_SAMPLES, StackProfile
from tailtune.judge.summary import DIAGNOSE, MEASURE, summarize
from tailtune.judge.tail import RequestTimes, SizedTimes, Tail, request_times, tail_of
from tailtune.model.codec import from_json
from tailtune.model.go_trace import GoTrace
from tailtune.model.project import Variant
from tailtune.model.recording import Manifest
from tailtune.model.request_parts import RequestBands
from tailtune.model.summary import RunSummary, WindowSummary
from tailtune.model.units import Duration

HIGH_UTILIZATION: Final = 0.75
"""With random arrivals on few CPUs a request then waits about three times its own CPU time."""

_CPU: Final = (
    ("profiles/on-cpu.diagnose.pb.gz", "cpu"),
    ("profiles/go-cpu.diagnose.pb.gz", "cpu"),
    ("profiles/on-cpu.measure.pb.gz", "cpu"),
)
_ALLOCATIONS: Final = (
    ("profiles/go-allocs.measure.pb.gz", "alloc_space"),
    ("profiles/go-allocs.diagnose.pb.gz", "alloc_space"),
)
_MUTEX: Final = (("profiles/go-mutex.measure.pb.gz", "delay"), ("profiles/go-mutex.diagnose.pb.gz", "delay"))
_BLOCK: Final = (("profiles/go-block.measure.pb.gz", "delay"), ("profiles/go-block.diagnose.pb.gz", "delay"))
_LIVE: Final = {
    window: [(f"profiles/{kind}.{window}.pb.gz", "inuse_space") for kind in ("go-heap", "allocations")]
    for window in (MEASURE, DIAGNOSE)
}
"""What lives at a window's end: of Go, and of a preloaded jemalloc."""
_GOROUTINES: Final = {
    window: [(f"profiles/go-goroutine.{window}.pb.gz", "goroutine")] for window in (MEASURE, DIAGNOSE)
}
_QUOTA: Final = "cpu-quota"
"""The knob: CPUs, and perhaps a period behind a slash."""
_QUOTA_PERIOD_NS: Final = 100_000_000
"""As the kernel and the runtimes of containers have it (scheduler/sched-bwc)."""
_TRACE: Final = GO_TRACE
_MISSES: Final = (("profiles/cache-misses.diagnose.pb.gz", "misses"),)
_OFF_CPU: Final = (("profiles/off-cpu.diagnose.pb.gz", "blocked"),)


@dataclass(frozen=True, eq=False)
class Facts:
    """One run, as rules see it."""

    manifest: Manifest
    summary: RunSummary
    cpu: StackProfile | None = None
    """On-CPU samples, weighed in ns."""
    allocations: StackProfile | None = None
    """Go: bytes allocated during the window."""
    mutex: StackProfile | None = None
    """Go: ns that goroutines waited for mutexes, by who held them."""
    block: StackProfile | None = None
    """Go: ns that goroutines waited for channels and locks, by where they waited."""
    goroutines: StackProfile | None = None
    """Go, diagnose window: ns that goroutines waited or were in system calls, by where, from the execution trace."""
    off_cpu: StackProfile | None = None
    """Diagnose window: ns that threads were blocked, by where they left their CPU."""
    atomics: AtomicSamples | None = None
    """Of `cpu`, in time: which samples are at atomic instructions; only where that is of the diagnose window."""
    times: RequestTimes | None = None
    """Measure window, request by request."""
    tail: Tail | None = None
    """Diagnose window."""
    sized: SizedTimes | None = None
    """Diagnose window, request by request."""
    bands: RequestBands | None = None
    """Diagnose window: what the latency of its requests consists of."""
    together: Sequence[Overlap] = ()
    """What slow requests overlap with, where their time could not be divided: nothing where it could."""
    faults_per_request: float | None = None
    """Page faults of the service's processes in the measure window, minor and major ones."""
    memory: Memory | None = None
    """How what is resident and what lives changed."""
    caches: CacheMisses | None = None
    """Misses on simulated caches; None where they were not simulated."""
    misses: StackProfile | None = None
    """Diagnose window: misses of a cache that the processor counted, by where."""
    processors: int = 0
    """Go: GOMAXPROCS, as the scheduler told it; 0: not known."""
    long_runs: LongRuns | None = None
    """Go, diagnose window: what computed for long while requests above p99 waited for a P; None: nothing known."""
    crowd: Crowd | None = None
    """Diagnose window: threads of no request that requests above p99 waited for; None: nothing known."""
    queue: CpuQueue | None = None
    """Diagnose window: how the slowest requests waited behind others for a CPU or a P; None: nothing known."""
    connects: Connects | None = None
    """Diagnose window: who opened connections to other services; None: nobody, or it is not known."""
    warnings: Sequence[str] = ()
    """Files of the recording that could not be read, or not to their end, and what is said of them."""

    @property
    def measure(self) -> WindowSummary:
        """The measure window."""
        return self.summary.measure

    @property
    def service_cpus(self) -> int:
        """How many CPUs the service may use."""
        return max(1, len(self.cpus))

    @property
    def cpus(self) -> list[int]:
        """CPUs that the service may use: those that its variant names, else those that it was given."""
        return _cpus(self.manifest)

    @property
    def cpu_quota(self) -> float | None:
        """CPUs that control groups grant the service, the tool's own or one made for the service; None without."""
        quotas = [float(level.partition("/")[0]) for level in self._quota_levels]
        own = self.manifest.environment.cpu_quota
        return min([*quotas, *([own] if own else [])], default=None)

    @property
    def quota_period_ns(self) -> int:
        """The time after which a quota is granted anew, ns; the kernel's own where the tool made none."""
        periods = [level.partition("/")[2] for level in self._quota_levels]
        return next((int(Duration.parse(period)) for period in periods if period), _QUOTA_PERIOD_NS)

    @property
    def _quota_levels(self) -> list[str]:
        return [variant.knobs[_QUOTA] for variant in self.manifest.variants.values() if _QUOTA in variant.knobs]

    @property
    def utilization(self) -> float:
        """Share of the service's CPUs that it kept busy in the measure window; 0 if unknown."""
        return self.measure.cpu.cores / self.service_cpus if self.measure.cpu else 0.0

    @property
    def busy(self) -> float:
        """Share that the service kept busy of its CPUs, or of Go's processors where those are fewer."""
        is_limited = 0 < self.processors < self.service_cpus
        return self.utilization * self.service_cpus / self.processors if is_limited else self.utilization

    @property
    def mean_latency_ns(self) -> float:
        """Mean latency in the measure window."""
        return self.measure.latency.mean_ns or 0.0

    @property
    def waits_for_connections(self) -> bool:
        """Whether most of the tail was seen to lie behind the opening of connections: waits there are for these."""
        return self.connects is not None and self.connects.are_most_of_tail

    @cached_property
    def first_touches(self) -> FirstTouches | None:
        """Page faults by which memory grows; None where they are not most of all, or not a tenth of CPU time."""
        rate_per_s = self.measure.achieved_rate_per_s
        return memory_costs.first_touches(self.memory, self.cpu, self.faults_per_request, rate_per_s)

    @cached_property
    def pressed(self) -> Pressed | None:
        """Collections that have little room left; None where they are no tenth of CPU time.

        Not with more processors than CPUs: gctrace then counts waiting.
        """
        if self.processors > self.service_cpus:
            return None
        return memory_costs.pressed(self.memory, self.measure.gc, self.cpu, self.long_runs)

    def saving(self, cpu_share: float) -> float:
        """Return the share of mean latency that this share of CPU time probably costs, queueing included.

        A request spends its CPU time S, stretched by queueing to about S / (1 - rho); with the share c of
        S gone, both S and rho shrink by c.
        """
        if self.measure.cpu is None or not self.mean_latency_ns:
            return cpu_share
        rho = min(self.utilization, 0.95)
        bound = min(1.0, self.measure.cpu.per_request_ns.point / (1 - rho) / self.mean_latency_ns)
        return bound * (1 - (1 - cpu_share) * (1 - rho) / (1 - rho * (1 - cpu_share)))


def gather(bundle: Bundle, parts: RequestParts | None) -> Facts:
    """Read a recording of kind `run`.

    Args:
        bundle: the recording.
        parts: what `request_bands.divided` returns of it.

    Raises:
        UsageError: if the recording is an experiment.
        NothingMeasuredError: if no request was measured.
        RecordingError: if a file of it is damaged.
    """
    files = frozenset(bundle.files())
    summary = summarize(bundle)
    damaged: list[str] = []

    def first(candidates: Sequence[tuple[str, str]]) -> StackProfile | None:
        return _first(bundle, files, candidates, damaged)

    cpu = first(_CPU)
    bands = bands_of(parts, DIAGNOSE) if parts else None
    processors = go_processors(bundle.table("sched"))
    front = in_front(parts, processors, max(1, len(_cpus(bundle.manifest)))) if parts else None
    return Facts(
        manifest=bundle.manifest,
        summary=summary,
        cpu=cpu,
        allocations=first(_ALLOCATIONS),
        mutex=first(_MUTEX),
        block=first(_BLOCK),
        goroutines=_goroutines(bundle, damaged) if _TRACE in files else None,
        off_cpu=first(_OFF_CPU),
        atomics=atomic_samples(bundle, DIAGNOSE, cpu) if cpu and cpu.source == _CPU[0][0] else None,
        times=request_times(bundle, MEASURE),
        tail=_tail(bundle, cpu),
        sized=sized_times(bundle, DIAGNOSE),
        bands=bands,
        together=[] if tells_requests(bands) else seen_together(bundle, MEASURE, DIAGNOSE),
        faults_per_request=page_faults(bundle.table("process"), MEASURE, summary.measure.latency.requests),
        memory=memory_of(
            bundle,
            (MEASURE, DIAGNOSE),
            (first(_LIVE[MEASURE]), first(_LIVE[DIAGNOSE])),
            (first(_GOROUTINES[MEASURE]), first(_GOROUTINES[DIAGNOSE])),
        ),
        caches=cache_misses(bundle),
        misses=first(_MISSES),
        processors=processors,
        long_runs=long_runs(front),
        queue=cpu_queue(front),
        crowd=crowd(front),
        connects=connects_of(parts) if parts else None,
        warnings=damaged,
    )


def _cpus(manifest: Manifest) -> list[int]:
    """CPUs that the service of a run may use."""
    return granted_cpus(manifest, next(iter(manifest.variants.values()), Variant()))


def _goroutines(bundle: Bundle, damaged: list[str]) -> StackProfile | None:
    """What the execution trace tells of waiting; one that is cut tells it up to there, of others `damaged` is told."""
    from tailtune._native import read_go_trace

    try:
        waits, _, told = read_go_trace(bundle.path / _TRACE)
        damaged += [f"{_TRACE}: {text}" for text in from_json(told, GoTrace).warnings]
        return StackProfile.from_pprof(waits.filter(label="^state:(waiting|syscall)$").to_pprof(), _TRACE, "delay")
    except NativeError as error:
        damaged.append(f"{_TRACE} is left out: {error.message}")
        return None


def _tail(bundle: Bundle, cpu: StackProfile | None) -> Tail | None:
    """The tail of the diagnose window, if the samples of the table are those of the profile."""
    if cpu is None or cpu.source != _CPU[0][0]:
        return None
    return tail_of(bundle, DIAGNOSE, float(cpu.values.sum()) / cpu.samples)


def _first(
    bundle: Bundle, files: frozenset[str], candidates: Sequence[tuple[str, str]], damaged: list[str]
) -> StackProfile | None:
    """The first profile with enough samples; one that cannot be read counts as absent, and `damaged` is told of it."""
    for name, value in candidates:
        if name not in files:
            continue
        try:
            profile = StackProfile.from_pprof(bundle.file(name), name, value)
        except (NativeError, ValueError) as error:
            damaged.append(f"{name} is left out: {error}")
            continue
        if profile.samples >= FEWEST_SAMPLES or value == "delay":
            return profile
    return None
