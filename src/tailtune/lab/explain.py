"""`tailtune explain`: where the tail of one run goes."""

from pathlib import Path

from tailtune.judge.explain import rank
from tailtune.judge.facts import gather
from tailtune.judge.request_bands import request_bands
from tailtune.lab.facts import open_recording
from tailtune.model.recording import Kind
from tailtune.model.results import ExplainResult


def explain(root: Path, run: str, *, band: str = "", request: str = "") -> ExplainResult:
    """Explain one run of the project at `root`.

    Args:
        root: directory of the project.
        run: identifier of the run.
        band: percentiles to look at in place of the usual ones, for example `p99.9`.
        request: handle of one request whose steps are wanted.

    Raises:
        UsageError: if there is no such run, band or request.
        NothingMeasuredError: if no request of it was answered, or a band or request was asked for in vain.
    """
    bundle = open_recording(root, run, [Kind.RUN])
    facts = gather(bundle)
    requests, timeline = request_bands(bundle, band, request) if band or request else (facts.bands, None)
    warnings = [*bundle.manifest.warnings, *facts.summary.warnings, *(requests.warnings if requests else [])]
    return ExplainResult(
        bundle_id=bundle.id,
        summary=facts.summary,
        findings=rank(facts),
        warnings=list(dict.fromkeys(warnings)),
        requests=requests,
        timeline=timeline,
    )
