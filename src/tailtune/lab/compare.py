"""`tailtune compare`: a paired experiment between two variants, and its verdicts."""

import sys
from pathlib import Path
from typing import Final

from tailtune import config as configuration
from tailtune.bundle.reader import Bundle
from tailtune.bundle.workspace import Workspace
from tailtune.errors import UsageError
from tailtune.judge.comparison import compare as judge
from tailtune.lab.bench import choose_workload, open_bench
from tailtune.lab.instrumented import with_and_without
from tailtune.model.profile import cycle
from tailtune.model.project import Project, Variant
from tailtune.model.recording import Kind
from tailtune.model.results import CompareResult
from tailtune.model.units import Duration
from tailtune.model.workload import Workload
from tailtune.record.experiment import ExperimentPlan, run_experiment
from tailtune.record.ports import Progress

_BALANCED: Final = 4
"""Slices of the smallest balanced order, ABBA."""


def compare(
    root: Path,
    config: Path,
    baseline: str,
    candidate: str | None,
    *,
    workload: str | None,
    epochs: int,
    slice_duration: Duration,
    slices: int,
    rate: float | None,
    seed: int | None,
    progress: Progress,
) -> CompareResult:
    """Compare two variants of the service.

    Args:
        root: folder of the project; recordings go under its `.tailtune`.
        config: its configuration file.
        baseline: name of the variant to compare with.
        candidate: name of the variant to judge; None: the baseline with profiling switched on as by
            `tailtune run --instrument`, against itself without, so that the verdict is what that costs.
        workload: name; the default one if None.
        epochs: restarts of both variants, the units of the verdict.
        slice_duration: length of one slice of load.
        slices: slices of an epoch, both variants together; a multiple of four.
        rate: requests per second, in place of the workload's.
        seed: of all that is random, in place of the workload's.
        progress: told of phases.

    Raises:
        TailtuneError: whatever kept the experiment from its end; finished epochs are kept.
    """
    if slices % _BALANCED:
        raise UsageError(f"--slices {slices}: an epoch needs a multiple of four slices", hint="ABBA or BAAB is four")
    project = configuration.load(config)
    name, load = choose_workload(project, workload, rate)
    _check_slice(load, slice_duration)
    workspace = Workspace(root)
    plan = ExperimentPlan(
        root=root,
        cache=workspace.builds,
        command=sys.argv,
        service=project.service,
        variants=_variants(project, baseline, candidate),
        workload_name=name,
        workload=load,
        goals=project.goals,
        seed=seed,
        epochs=epochs,
        pairs=slices // 2,
        slice_length=slice_duration,
    )
    with open_bench(root, Kind.EXPERIMENT, progress) as bench:
        recording = run_experiment(plan, bench).id
    bundle = Bundle.open(workspace.run(recording))
    return CompareResult(bundle_id=bundle.id, path=str(bundle.path), comparison=judge(bundle))


def _check_slice(load: Workload, slice_duration: Duration) -> None:
    """Refuse slices that would hold only the beginning of what the workload does, and compare another load.

    Raises:
        UsageError: if a slice is shorter than the profile or what repeats in it.
    """
    needed = cycle(load.profile)
    if slice_duration < needed:
        raise UsageError(
            f"each slice plays the workload from its beginning, and its profile takes {needed}: slices of"
            f" {slice_duration} would leave the rest out",
            hint=f"--slice-duration {needed}, or --rate to compare at one rate",
        )


def _variants(project: Project, baseline: str, candidate: str | None) -> dict[str, Variant]:
    """Return both variants by name, the baseline first; a variant against itself is an A/A.

    Raises:
        UsageError: if there is no such variant.
    """
    if candidate is None:
        return with_and_without(baseline, configuration.variant(project, baseline))
    named = {baseline: configuration.variant(project, baseline)}
    other = f"{candidate} (again)" if candidate == baseline else candidate
    return named | {other: configuration.variant(project, candidate)}
