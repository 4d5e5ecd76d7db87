"""What a trial needs, for tests: the real engine and writer, a quick warm-up, and a progress that can interfere."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.support.recordings import ENVIRONMENT

from tailtune.bundle import BundleWriter, Workspace
from tailtune.model.project import Service, Variant
from tailtune.model.recording import CpuLayout, Design, Kind, Manifest
from tailtune.model.units import NS_PER_S, Duration
from tailtune.model.workload import Operation, Workload
from tailtune.record.engine.load import EngineProcess
from tailtune.record.experiment import ExperimentPlan
from tailtune.record.phases.bench import Bench
from tailtune.record.processes import ownership
from tailtune.record.processes.process import supervisor
from tailtune.record.trial import TrialPlan

WORKLOAD = Workload(operations=[Operation(name="get")], rate_per_s=200, duration=Duration.from_seconds(1))
TINY = "tiny_service.py"


class Meddler:
    """A progress that does something when a phase begins."""

    def __init__(self) -> None:
        self.phases: list[str] = []
        self.warnings: list[str] = []
        self._deeds: dict[str, list[Callable[[], object]]] = {}

    def on(self, phase: str, deed: Callable[[], object], *, occurrence: int = 1) -> None:
        """Do it when the phase begins for the given time."""
        self._deeds.setdefault(f"{phase} {occurrence}", []).append(deed)

    def phase(self, name: str, note: str = "") -> None:
        self.phases.append(str(name))
        for deed in self._deeds.get(f"{name} {self.phases.count(name)}", []):
            deed()

    def advance(self, done: float, total: float, note: str = "") -> None:
        assert done > 0

    def note(self, text: str) -> None:
        pass

    def warn(self, text: str) -> None:
        self.warnings.append(text)


@contextmanager
def open_bench(root: Path, kind: Kind, progress: Meddler) -> Iterator[Bench]:
    with _bench(BundleWriter.create(Workspace(root), kind), progress) as bench:
        yield bench


@contextmanager
def resumed_bench(root: Path, path: Path, progress: Meddler) -> Iterator[tuple[Bench, Manifest]]:
    writer, manifest = BundleWriter.resume(Workspace(root), path)
    with writer, _bench(writer, progress) as bench:
        yield bench, manifest


@contextmanager
def _bench(writer: BundleWriter, progress: Meddler) -> Iterator[Bench]:
    engine = EngineProcess()
    try:
        yield Bench(
            engine=engine,
            writer=writer,
            environment=ENVIRONMENT,
            layout=CpuLayout(engine=[], service=[], note="not pinned in tests"),
            steady=lambda windows: (True, f"{len(windows)} windows"),
            check_load=lambda report, _: report,
            progress=progress,
        )
    finally:
        engine.close()


def trial_plan(root: Path, service: Service, *, diagnose: float = 0.3, variant: Variant | None = None) -> TrialPlan:
    return TrialPlan(
        root=root,
        cache=Workspace(root).builds,
        command=["tailtune", "run"],
        service=service,
        variant_name="base",
        variant=variant or Variant(),
        workload_name="main",
        workload=WORKLOAD,
        measure=Duration.from_seconds(0.5),
        diagnose=Duration.from_seconds(diagnose),
    )


def experiment_plan(root: Path, service: Service, *, epochs: int, **variants: Variant) -> ExperimentPlan:
    return ExperimentPlan(
        root=root,
        cache=Workspace(root).builds,
        command=["tailtune", "compare"],
        service=service,
        variants=variants,
        workload_name="main",
        workload=WORKLOAD,
        design=Design(epochs=epochs, pairs=2, slice_ns=NS_PER_S * 3 // 10, budget_ns=0),
    )


def started() -> list[ownership.Leader]:
    """All that this process has started and that is still alive, its watchdog and engine aside."""
    return ownership.members([], supervisor().token)
