"""Counting the comparisons of a thing with itself, and reading the count."""

from tailtune.bundle.reader import Bundle
from tailtune.bundle.tally import count_aa, counted, machine_of
from tailtune.errors import RecordingError
from tailtune.judge.tally import tally
from tailtune.model.environment import Environment
from tailtune.model.tally import Tally
from tailtune.model.verdict import Comparison
from tailtune.record.ports import Progress


def count(bundle: Bundle, comparison: Comparison, progress: Progress | None = None) -> None:
    """Count a comparison, if it is a whole A/A. A count that cannot be written is warned of, and no more."""
    manifest = bundle.manifest
    if not comparison.is_aa or manifest.partial:
        return
    try:
        count_aa(comparison, manifest.environment, manifest.created_utc)
    except RecordingError as error:
        if progress is not None:
            progress.warn(f"{error.message} ({error.hint})")


def tally_of(environment: Environment) -> Tally | None:
    """Return the count of the machine that a recording is from; None where nothing was counted."""
    return tally(one.verdicts for one in counted(machine_of(environment)))
