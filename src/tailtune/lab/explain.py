"""`tailtune explain`: where the tail of one run goes."""

from pathlib import Path

from tailtune.errors import UsageError
from tailtune.judge.explain import ranked
from tailtune.judge.facts import gather
from tailtune.judge.finding_in_full import chosen, in_full
from tailtune.judge.generator import disturbances
from tailtune.judge.request_bands import divided, request_bands
from tailtune.lab.facts import open_recording
from tailtune.model.recording import Kind
from tailtune.model.results import ExplainResult


def explain(root: Path, run: str, *, band: str = "", request: str = "", finding: str = "") -> ExplainResult:
    """Explain one run of the project at `root`.

    Args:
        root: directory of the project.
        run: identifier of the run.
        band: percentiles to look at in place of the usual ones, for example `p99.9`.
        request: handle of one request whose steps are wanted.
        finding: id of one finding that is wanted with all it rests on, or `f` and its number.

    Raises:
        UsageError: if there is no such run, band, request or finding, or a finding and one of the others are wanted.
        NothingMeasuredError: if no request of it was answered, or a band or request was asked for in vain.
    """
    if finding and (band or request):
        raise UsageError("--finding shows a finding alone", hint="ask for a band or a request in another command")
    bundle = open_recording(root, run, [Kind.RUN])
    parts = divided(bundle)
    facts = gather(bundle, parts)
    causes = ranked(facts)
    asked = in_full(chosen(causes, finding), facts, parts) if finding else None
    requests, timeline = request_bands(bundle, parts, band, request) if band or request else (facts.bands, None)
    warnings = [
        *disturbances(facts.measure.reasons),
        *bundle.manifest.warnings,
        *facts.summary.warnings,
        *facts.warnings,
        *(requests.warnings if requests else []),
    ]
    return ExplainResult(
        bundle_id=bundle.id,
        summary=facts.summary,
        findings=[cause.finding for cause in causes],
        warnings=list(dict.fromkeys(warnings)),
        requests=requests,
        timeline=timeline,
        together=[one.told() for one in facts.together],
        finding=asked,
    )
