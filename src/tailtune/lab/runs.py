"""`tailtune runs`: what has been recorded."""

from pathlib import Path

from tailtune.bundle.catalogue import Catalogue
from tailtune.bundle.storage import size_of
from tailtune.bundle.workspace import Workspace
from tailtune.lab.facts import facts_of, open_recording
from tailtune.model.results import RecordingFacts, Removal, RunList


def list_runs(root: Path) -> RunList:
    """List the recordings of the project at `root`, newest first."""
    workspace = Workspace(root)
    return RunList(directory=str(workspace.runs), recordings=Catalogue(workspace).list()[::-1])


def show_run(root: Path, run: str) -> RecordingFacts:
    """Judge one recording as when it was made.

    Raises:
        UsageError: if there is no such recording.
        RecordingError: if it is damaged.
    """
    return facts_of(open_recording(root, run))


def remove_run(root: Path, run: str) -> Removal:
    """Remove one recording for good.

    Raises:
        UsageError: if there is no such recording, or several fit.
        RecordingError: if the disk refuses.
    """
    catalogue = Catalogue(Workspace(root))
    path = catalogue.resolve(run)
    freed = size_of(path)
    catalogue.remove(path)
    return Removal(bundle_id=path.name, path=str(path), freed_bytes=freed)
