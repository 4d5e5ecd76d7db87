"""All that can be said of one recording, judged anew from what is on disk."""

from collections.abc import Collection
from pathlib import Path

import msgspec

from tailtune.bundle.catalogue import Catalogue
from tailtune.bundle.reader import Bundle
from tailtune.bundle.workspace import Workspace
from tailtune.errors import NothingMeasuredError, RecordingError
from tailtune.judge.comparison import compare
from tailtune.judge.explain import rank
from tailtune.judge.facts import gather
from tailtune.judge.request_bands import divided
from tailtune.judge.summary import summarize
from tailtune.lab.levels import levels_of
from tailtune.lab.tally import tally_of
from tailtune.model.recording import Kind
from tailtune.model.results import RecordingFacts


def open_recording(root: Path, name: str, kinds: Collection[Kind] = ()) -> Bundle:
    """Open the recording called `name` (identifier, its beginning, or `latest`) of the project at `root`.

    Raises:
        UsageError: if none or several recordings fit.
        RecordingError: if it is damaged.
    """
    return Bundle.open(Catalogue(Workspace(root)).resolve(name, kinds))


def facts_of(bundle: Bundle) -> RecordingFacts:
    """Judge a recording. What a partial recording does not carry is left out, with a warning that says so."""
    facts = RecordingFacts(path=str(bundle.path), manifest=bundle.manifest)
    try:
        if bundle.manifest.kind is Kind.EXPERIMENT:
            tally = tally_of(bundle.manifest.environment)
            if bundle.manifest.is_sweep:
                return msgspec.structs.replace(facts, sweep=levels_of(bundle), tally=tally)
            return msgspec.structs.replace(facts, comparison=compare(bundle), tally=tally)
        if bundle.manifest.kind is not Kind.RUN:
            return msgspec.structs.replace(facts, summary=summarize(bundle))
        found = gather(bundle, divided(bundle))
        return msgspec.structs.replace(
            facts,
            summary=found.summary,
            findings=rank(found),
            requests=found.bands,
            warnings=list(found.warnings),
        )
    except NothingMeasuredError as error:
        return msgspec.structs.replace(facts, warnings=[error.message])
    except RecordingError as error:
        if not bundle.manifest.partial:
            raise
        return msgspec.structs.replace(facts, warnings=[error.message])
