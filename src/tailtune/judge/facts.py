"""What diagnosis rules may use: everything a recording tells, gathered once."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from tailtune.bundle import Bundle
from tailtune.errors import NativeError
from tailtune.judge.stackprofile import StackProfile
from tailtune.judge.summary import summarize
from tailtune.model.recording import Manifest
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
    return Facts(
        manifest=bundle.manifest,
        summary=summarize(bundle),
        cpu=_first(bundle, files, _CPU),
        allocations=_first(bundle, files, _ALLOCATIONS),
        mutex=_first(bundle, files, _MUTEX),
    )


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
