"""What diagnosis rules may use: everything a recording tells, gathered once."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from tailtune.bundle import Bundle
from tailtune.errors import NativeError
from tailtune.judge.request_bands import request_bands
from tailtune.judge.request_sizes import sized_times
from tailtune.judge.resources import page_faults
from tailtune.judge.stackprofile import StackProfile
from tailtune.judge.summary import DIAGNOSE, MEASURE, summarize
from tailtune.judge.tail import RequestTimes, SizedTimes, Tail, request_times, tail_of
from tailtune.model.recording import Manifest
from tailtune.model.request_parts import RequestBands
from tailtune.model.summary import RunSummary, WindowSummary

FEWEST_SAMPLES: Final = 20
"""Fewer say nothing: 20 of anything is known to about ±45 %."""

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
_TRACE: Final = "profiles/go-trace.diagnose.trace"
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
    times: RequestTimes | None = None
    """Measure window, request by request."""
    tail: Tail | None = None
    """Diagnose window."""
    sized: SizedTimes | None = None
    """Diagnose window, request by request."""
    bands: RequestBands | None = None
    """Diagnose window: what the latency of its requests consists of."""
    faults_per_request: float | None = None
    """Page faults of the service's processes in the measure window, minor and major ones."""

    @property
    def measure(self) -> WindowSummary:
        """The measure window."""
        return self.summary.measure

    @property
    def service_cpus(self) -> int:
        """CPUs that the service may use."""
        layout = self.manifest.layout
        return max(1, len(layout.service) if layout else len(self.manifest.environment.allowed_cpus))

    @property
    def utilization(self) -> float:
        """Share of the service's CPUs that it kept busy in the measure window; 0 if unknown."""
        return self.measure.cpu.cores / self.service_cpus if self.measure.cpu else 0.0

    @property
    def mean_latency_ns(self) -> float:
        """Mean latency in the measure window."""
        return self.measure.latency.mean_ns or 0.0

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


def gather(bundle: Bundle) -> Facts:
    """Read a recording of kind `run`.

    Raises:
        UsageError: if the recording is an experiment.
        NothingMeasuredError: if no request was measured.
        RecordingError: if a file of it is damaged.
    """
    files = frozenset(bundle.files())
    summary = summarize(bundle)
    cpu = _first(bundle, files, _CPU)
    return Facts(
        manifest=bundle.manifest,
        summary=summary,
        cpu=cpu,
        allocations=_first(bundle, files, _ALLOCATIONS),
        mutex=_first(bundle, files, _MUTEX),
        block=_first(bundle, files, _BLOCK),
        goroutines=_goroutines(bundle) if _TRACE in files else None,
        off_cpu=_first(bundle, files, _OFF_CPU),
        times=request_times(bundle, MEASURE),
        tail=_tail(bundle, cpu),
        sized=sized_times(bundle, DIAGNOSE),
        bands=request_bands(bundle)[0],
        faults_per_request=page_faults(bundle.table("process"), MEASURE, summary.measure.latency.requests),
    )


def _goroutines(bundle: Bundle) -> StackProfile | None:
    """What the execution trace tells of waiting; a damaged one counts as absent, the recording's warnings name it."""
    from tailtune._native import read_go_trace

    try:
        waits = read_go_trace(bundle.path / _TRACE)[0].filter(label="^state:(waiting|syscall)$")
        return StackProfile.from_pprof(waits.to_pprof(), _TRACE, "delay")
    except NativeError:
        return None


def _tail(bundle: Bundle, cpu: StackProfile | None) -> Tail | None:
    """The tail of the diagnose window, if the samples of the table are those of the profile."""
    if cpu is None or cpu.source != _CPU[0][0]:
        return None
    return tail_of(bundle, DIAGNOSE, float(cpu.values.sum()) / cpu.samples)


def _first(bundle: Bundle, files: frozenset[str], candidates: Sequence[tuple[str, str]]) -> StackProfile | None:
    """The first profile with enough samples; a damaged one counts as absent, the recording's warnings name it."""
    for name, value in candidates:
        if name not in files:
            continue
        try:
            profile = StackProfile.from_pprof(bundle.file(name), name, value)
        except (NativeError, ValueError):
            continue
        if profile.samples >= FEWEST_SAMPLES or value == "delay":
            return profile
    return None
