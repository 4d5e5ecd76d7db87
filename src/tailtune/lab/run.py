"""`tailtune run`: one trial, recorded and summed up."""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from tailtune import config as configuration
from tailtune.bundle.reader import Bundle
from tailtune.bundle.workspace import Workspace
from tailtune.judge.explain import rank
from tailtune.judge.facts import gather
from tailtune.judge.request_bands import divided
from tailtune.lab.bench import choose_workload, open_bench
from tailtune.lab.fail_if import check_conditions
from tailtune.lab.instrumented import instrument_cost, instrumented
from tailtune.lab.variants import find
from tailtune.model.recording import Kind
from tailtune.model.results import InstrumentCost, RunResult
from tailtune.model.units import Duration
from tailtune.record.phases.simulating import find_valgrind
from tailtune.record.ports import Progress
from tailtune.record.trial import TrialPlan, run_trial

HEADLINE: Final = 3
"""Findings that a run ends with; `tailtune explain` gives all."""
DIAGNOSE: Final = Duration.from_seconds(8)


def run(
    root: Path,
    config: Path,
    *,
    workload: str | None,
    variant: str,
    duration: Duration | None,
    rate: float | None,
    seed: int | None,
    diagnose: bool,
    instrument: bool = False,
    simulate_caches: bool = False,
    progress: Progress,
    fail_if: Sequence[str] = (),
) -> RunResult:
    """Measure one variant of the service once.

    Args:
        root: folder of the project; recordings go under its `.tailtune`.
        config: its configuration file.
        workload: name; the default one if None.
        variant: what `lab.variants.find` takes: `base`, a name, a commit, a patch, an executable.
        duration: of the measure window, in place of the workload's.
        rate: requests per second, in place of the workload's.
        seed: of the schedule, in place of the workload's.
        diagnose: whether a second window is recorded for `explain`.
        instrument: whether the variant is profiled at a cost, as if it said `instrument = {}`.
        simulate_caches: whether the variant runs once more, on simulated caches.
        progress: told of phases.
        fail_if: conditions on the measure window, judged with the summary.

    Raises:
        TailtuneError: whatever kept the trial from its end; what was recorded is kept.
    """
    project = configuration.load(config)
    name, load = choose_workload(project, workload, rate)
    if simulate_caches:
        find_valgrind()  # what is missing is said before a build of minutes
    variant, chosen = find(project, variant, root)
    workspace = Workspace(root)
    plan = TrialPlan(
        root=root,
        cache=workspace.builds,
        command=sys.argv,
        service=project.service,
        variant_name=variant,
        variant=instrumented(chosen) if instrument else chosen,
        workload_name=name,
        workload=load,
        goals=project.goals,
        seed=seed,
        measure=duration,
        diagnose=DIAGNOSE if diagnose else Duration(0),
        simulate_caches=simulate_caches,
        fail_if=tuple(check_conditions(fail_if, load)),
    )
    with open_bench(root, Kind.RUN, progress) as bench:
        recording = run_trial(plan, bench).id
    bundle = Bundle.open(workspace.run(recording))
    return result_of(bundle, instrument_cost(workspace, bundle.manifest))


def result_of(bundle: Bundle, cost: InstrumentCost | None) -> RunResult:
    """Sum up a finished run."""
    facts = gather(bundle, divided(bundle))
    return RunResult(
        bundle_id=bundle.id,
        path=str(bundle.path),
        manifest=bundle.manifest,
        summary=facts.summary,
        findings=rank(facts)[:HEADLINE],
        warnings=list(dict.fromkeys([*bundle.manifest.warnings, *facts.summary.warnings, *facts.warnings])),
        instrument_cost=cost,
        requests=facts.bands,
    )
