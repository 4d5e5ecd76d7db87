"""`tailtune experiments`: every experiment with its hypothesis and what came of it."""

from collections.abc import Iterator
from pathlib import Path

from tailtune.bundle.catalogue import Catalogue
from tailtune.bundle.reader import Bundle
from tailtune.bundle.workspace import Workspace
from tailtune.errors import NothingMeasuredError, RecordingError
from tailtune.judge.comparison import compare
from tailtune.judge.family import levels_together
from tailtune.model.recording import Kind
from tailtune.model.results import ExperimentEntry, ExperimentList
from tailtune.model.verdict import Comparison
from tailtune.show.headline import comparison_headline


def experiments(root: Path) -> ExperimentList:
    """List the experiments of the project at `root`, newest first, judged anew."""
    workspace = Workspace(root)
    entries = reversed(Catalogue(workspace).list([Kind.EXPERIMENT]))
    found = [one for entry in entries for one in _of(workspace.run(entry.id))]
    return ExperimentList(directory=str(workspace.runs), experiments=found)


def _of(path: Path) -> Iterator[ExperimentEntry]:
    """One experiment's candidates; nothing of what cannot be read or measured nothing."""
    try:
        bundle = Bundle.open(path)
        _, *candidates = bundle.manifest.variants
        judged = levels_together([compare(bundle, one) for one in candidates])
    except (RecordingError, NothingMeasuredError):
        return
    for one in judged:
        yield _entry(bundle.manifest.created_utc, one)


def _entry(created_utc: str, comparison: Comparison) -> ExperimentEntry:
    return ExperimentEntry(
        bundle_id=comparison.experiment_id,
        created_utc=created_utc,
        baseline=comparison.baseline,
        candidate=comparison.candidate,
        because=comparison.because,
        epochs=comparison.epochs,
        headline=comparison_headline(comparison),
        expectations=comparison.expectations,
        verdicts={one.metric.value: one.verdict for one in comparison.metrics},
    )
