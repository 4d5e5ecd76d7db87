"""`tailtune report`: one recording, written down so that anyone can repeat it."""

from pathlib import Path

from tailtune.lab.facts import facts_of, open_recording
from tailtune.model.results import RecordingFacts


def report(root: Path, run: str) -> RecordingFacts:
    """Gather all that is known of one recording of the project at `root`, after checking its files.

    Raises:
        UsageError: if there is no such recording.
        RecordingError: if a file of it is missing or was changed since.
    """
    bundle = open_recording(root, run)
    bundle.verify()
    return facts_of(bundle)
