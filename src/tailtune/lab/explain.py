"""`tailtune explain`: where the tail of one run goes."""

from pathlib import Path

from tailtune.judge.explain import explain as find_causes
from tailtune.judge.summary import summarize
from tailtune.lab.facts import open_recording
from tailtune.model.recording import Kind
from tailtune.model.results import ExplainResult


def explain(root: Path, run: str) -> ExplainResult:
    """Explain one run of the project at `root`.

    Raises:
        UsageError: if there is no such run.
        NothingMeasuredError: if no request of it was answered.
    """
    bundle = open_recording(root, run, [Kind.RUN])
    summary = summarize(bundle)
    warnings = [*bundle.manifest.warnings, *summary.warnings]
    return ExplainResult(
        bundle_id=bundle.id,
        summary=summary,
        findings=find_causes(bundle),
        warnings=list(dict.fromkeys(warnings)),
    )
