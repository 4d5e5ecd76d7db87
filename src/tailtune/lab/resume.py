"""`tailtune compare --resume`: an experiment is continued where it ended."""

import dataclasses
import sys
from pathlib import Path

import msgspec

from tailtune.bundle.catalogue import Catalogue
from tailtune.bundle.workspace import Workspace
from tailtune.errors import UsageError
from tailtune.lab.bench import continued_bench
from tailtune.lab.compare import compare_result
from tailtune.lab.looking import Looker
from tailtune.model.recording import Kind
from tailtune.model.results import CompareResult
from tailtune.model.units import Duration
from tailtune.model.verdict import Metric
from tailtune.record.experiment import ExperimentPlan, run_experiment
from tailtune.record.ports import Progress


def resume(root: Path, name: str, epochs: int | None, budget: Duration, progress: Progress) -> CompareResult:
    """Continue a comparison; see `go_on`."""
    return compare_result(go_on(root, name, epochs, budget, progress), progress)


def go_on(
    root: Path, name: str, epochs: int | None, budget: Duration, progress: Progress, *, give_up: bool = False
) -> Path:
    """Continue an experiment with the variants, the load and the seed that it was begun with.

    Looking at it again costs nothing: the bounds pay for every epoch's look, up to 160.

    Args:
        root: folder of the project.
        name: of the recording, as `tailtune runs` takes it.
        epochs: most epochs in all; None: as planned.
        budget: most time for the further epochs.
        progress: told of phases.
        give_up: whether candidates end, too, that cannot be decided in the budget.

    Returns:
        The directory of the recording.

    Raises:
        UsageError: if there is no such experiment, or a variant is built into another program than before.
        TailtuneError: whatever kept the experiment from its end; finished epochs are kept.
    """
    workspace = Workspace(root)
    path = Catalogue(workspace).resolve(name, [Kind.EXPERIMENT])
    with continued_bench(root, path, progress) as (bench, earlier):
        if earlier.design is None or earlier.service is None or earlier.workload is None:
            raise UsageError(
                f"experiment {earlier.id} was made by an older tailtune, which kept no plan to continue",
                hint="begin a new one",
            )
        design = msgspec.structs.replace(
            earlier.design,
            epochs=epochs or earlier.design.epochs,
            budget_ns=int(budget),
            ended="",
            continued=earlier.design.continued + 1,
        )
        plan = ExperimentPlan(
            root=root,
            cache=workspace.builds,
            command=sys.argv,
            service=earlier.service,
            variants=earlier.variants,
            workload_name=earlier.workload_name,
            workload=earlier.workload,
            goals=earlier.goals,
            seed=earlier.seed,
            design=design,
        )
        looker = Looker([Metric(one) for one in design.deciding], give_up=give_up)
        recording = run_experiment(plan, dataclasses.replace(bench, look=looker), earlier).id
    return workspace.run(recording)
