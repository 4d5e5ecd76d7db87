"""`tailtune compare`: a paired experiment between two variants, and its verdicts."""

import dataclasses
import sys
from pathlib import Path
from typing import Final

from tailtune import config as configuration
from tailtune.bundle.reader import Bundle
from tailtune.bundle.workspace import Workspace
from tailtune.errors import UsageError
from tailtune.judge.answers import compare_answers
from tailtune.judge.comparison import compare as judge
from tailtune.lab.bench import choose_workload, open_bench
from tailtune.lab.instrumented import with_and_without
from tailtune.lab.looking import Looker, foreteller
from tailtune.lab.tally import count, tally_of
from tailtune.lab.variants import find
from tailtune.model.asked import Asked
from tailtune.model.hypothesis import Expectation
from tailtune.model.profile import cycle
from tailtune.model.project import Project, Variant
from tailtune.model.recording import Design, Kind
from tailtune.model.results import CompareResult
from tailtune.model.units import Duration
from tailtune.model.verdict import Metric
from tailtune.model.workload import Arrival, Workload
from tailtune.record.experiment import ExperimentPlan, run_experiment
from tailtune.record.ports import Progress

_BALANCED: Final = 4
"""Slices of the smallest balanced order, ABBA."""


def compare(
    root: Path, config: Path, baseline: str, candidate: str | None, asked: Asked, progress: Progress
) -> CompareResult:
    """Compare two variants of the service.

    Args:
        root: folder of the project; recordings go under its `.tailtune`.
        config: its configuration file.
        baseline: the variant to compare with, as `lab.variants.find` takes it.
        candidate: the variant to judge; None: the baseline with profiling switched on as by
            `tailtune run --instrument`, against itself without, so that the verdict is what that costs.
        asked: everything else.
        progress: told of phases.

    Raises:
        TailtuneError: whatever kept the experiment from its end; finished epochs are kept.
    """
    project = configuration.load(config)
    workspace = Workspace(root)
    plan = plan_experiment(root, project, _variants(project, baseline, candidate, root), asked, sys.argv)
    recording = carry_out(root, plan, asked, progress)
    return compare_result(workspace.run(recording), progress)


def plan_experiment(
    root: Path, project: Project, variants: dict[str, Variant], asked: Asked, command: list[str]
) -> ExperimentPlan:
    """Return the plan of an experiment between variants, the baseline first.

    Raises:
        UsageError: if something of it is impossible.
    """
    if asked.slices % _BALANCED:
        raise UsageError(
            f"--slices {asked.slices}: an epoch needs a multiple of four slices", hint="ABBA or BAAB is four"
        )
    for text in asked.expectations:
        _check_expectation(text)
    name, load = choose_workload(project, asked.workload, asked.rate)
    _check_slice(load, asked.slice_duration)
    if asked.saturation and load.arrival is Arrival.TRACE:
        raise UsageError("--saturation: a trace is sent at its own times, never as fast as it is answered")
    return ExperimentPlan(
        root=root,
        cache=Workspace(root).builds,
        command=command,
        service=project.service,
        variants=variants,
        workload_name=name,
        workload=load,
        goals=project.goals,
        gates=project.gates if asked.gates and (project.gates.test or project.gates.race) else None,
        seed=asked.seed,
        design=Design(
            epochs=asked.epochs,
            pairs=asked.slices // 2,
            slice_ns=int(asked.slice_duration),
            budget_ns=int(asked.budget),
            deciding=[one.value for one in asked.deciding],
            because=asked.because,
            expectations=asked.expectations,
            saturation=asked.saturation,
        ),
    )


def carry_out(root: Path, plan: ExperimentPlan, asked: Asked, progress: Progress, *, give_up: bool = False) -> str:
    """Record an experiment that ends as soon as it is decided, and return its identifier.

    Args:
        root: folder of the project.
        plan: of the experiment.
        asked: what else is wanted besides epochs.
        progress: told of phases.
        give_up: whether candidates end, too, that cannot be decided in the budget.

    Raises:
        TailtuneError: whatever kept it from its end; finished epochs are kept.
    """
    looker = Looker([Metric(one) for one in plan.design.deciding], give_up=give_up)
    with open_bench(root, Kind.EXPERIMENT, progress) as bench:
        forecast = foreteller(plan.design, progress) if asked.probe else None
        answers = compare_answers if asked.answers else None
        bench = dataclasses.replace(bench, look=looker, forecast=forecast, answers=answers)
        return run_experiment(plan, bench).id


def compare_result(path: Path, progress: Progress | None = None) -> CompareResult:
    """Judge the experiment just recorded in the directory `path`; an A/A is counted in the machine's tally."""
    bundle = Bundle.open(path)
    comparison = judge(bundle)
    count(bundle, comparison, progress)
    tally = tally_of(bundle.manifest.environment)
    return CompareResult(bundle_id=bundle.id, path=str(bundle.path), comparison=comparison, tally=tally)


def _check_expectation(text: str) -> None:
    try:
        Expectation.parse(text)
    except ValueError as error:
        raise UsageError(f"--expect: {error}") from None


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


def _variants(project: Project, baseline: str, candidate: str | None, root: Path) -> dict[str, Variant]:
    """Return both variants by name, the baseline first; a variant against itself is an A/A.

    Raises:
        UsageError: if there is no such variant.
    """
    first, variant = find(project, baseline, root)
    if candidate is None:
        return with_and_without(first, variant)
    second, other = find(project, candidate, root)
    return {first: variant, f"{second} (again)" if second == first else second: other}
