"""What each command hands over: the types behind `--json` and its published schemas."""

import msgspec

from tailtune.model.finding import Finding, FindingInFull
from tailtune.model.load import LoadReport
from tailtune.model.overlap import SeenTogether
from tailtune.model.recording import Entry, Manifest
from tailtune.model.request_parts import RequestBands, RequestTimeline
from tailtune.model.summary import RunSummary
from tailtune.model.tally import Tally
from tailtune.model.verdict import Comparison, ExpectationResult, MetricVerdict, Verdict


class InstrumentCost(msgspec.Struct, frozen=True, kw_only=True):
    """What the profiling of a variant costs, as the last experiment with and without it told."""

    variant: str
    experiment: str = ""
    """Empty: it was not measured yet."""
    cpu_per_request: MetricVerdict | None = None
    """With over without; absent where nothing was compared."""


class RunResult(msgspec.Struct, frozen=True, kw_only=True):
    """`tailtune run`: one recorded trial."""

    bundle_id: str
    path: str
    """Directory of the recording."""
    manifest: Manifest
    summary: RunSummary
    findings: list[Finding]
    """The headline findings, best first; `tailtune explain` gives all."""
    warnings: list[str]
    instrument_cost: InstrumentCost | None = None
    """Absent for a run of the service as it is."""
    requests: RequestBands | None = None
    """Where the time of requests goes; absent where the calls on the service's sockets were not recorded."""


class LoadResult(msgspec.Struct, frozen=True, kw_only=True):
    """`tailtune load`: one played schedule."""

    bundle_id: str = ""
    """Empty unless a recording was kept."""
    path: str = ""
    """Directory of the recording, when one was kept."""
    url: str
    loop: str = "open"
    """How starts follow answers: `open`, `partly open (sessions)` or `closed with N connections`."""
    summary: RunSummary
    report: LoadReport
    written: list[str] = []
    """Files of `--output`, as named."""


class ExplainResult(msgspec.Struct, frozen=True, kw_only=True):
    """`tailtune explain`: where the tail of one run goes."""

    bundle_id: str
    summary: RunSummary
    findings: list[Finding]
    """Best first."""
    warnings: list[str]
    requests: RequestBands | None = None
    """Where the time of requests goes; absent where the calls on the service's sockets were not recorded."""
    timeline: RequestTimeline | None = None
    """With --request: that request."""
    together: list[SeenTogether] = []
    """What slow requests came together with, where most of them could not be divided; empty where they could."""
    finding: FindingInFull | None = None
    """With --finding: that finding, with all it rests on."""


class CompareResult(msgspec.Struct, frozen=True, kw_only=True):
    """`tailtune compare`: one experiment and its verdicts."""

    bundle_id: str
    path: str
    """Directory of the recording."""
    comparison: Comparison
    tally: Tally | None = None
    """A/A verdicts counted on this machine; absent when none was."""


class SweepResult(msgspec.Struct, frozen=True, kw_only=True):
    """`tailtune sweep`: levels against one baseline, judged as one family."""

    bundle_id: str
    path: str
    """Directory of the recording."""
    baseline: str
    deciding: list[str]
    """Metrics that it was made for."""
    levels: list[Comparison]


class ExperimentEntry(msgspec.Struct, frozen=True, kw_only=True):
    """One experiment of the list."""

    bundle_id: str
    created_utc: str
    baseline: str
    candidate: str
    because: str
    epochs: int
    headline: str
    expectations: list[ExpectationResult]
    verdicts: dict[str, Verdict]
    """Metric → verdict."""


class ExperimentList(msgspec.Struct, frozen=True, kw_only=True):
    """`tailtune experiments`: what was asked, what was expected, what came of it."""

    directory: str
    """Where they are kept."""
    experiments: list[ExperimentEntry]
    """Newest first; a sweep gives one for each level."""


class RecordingFacts(msgspec.Struct, frozen=True, kw_only=True):
    """`tailtune runs show` and `tailtune report`: all that is known of one recording."""

    path: str
    """Directory of the recording."""
    manifest: Manifest
    summary: RunSummary | None = None
    """For a run or a load that measured something."""
    comparison: Comparison | None = None
    """For an experiment that measured something."""
    sweep: SweepResult | None = None
    """In place of the comparison, for an experiment with several candidates."""
    findings: list[Finding] = []
    """For a run, best first."""
    requests: RequestBands | None = None
    """For a run: where the time of requests goes; absent where the calls on its sockets were not recorded."""
    warnings: list[str] = []
    """Of the judging; those of the recording stand in the manifest."""
    tally: Tally | None = None
    """For an experiment: A/A verdicts counted here on its machine; absent when none was."""


class RunList(msgspec.Struct, frozen=True, kw_only=True):
    """`tailtune runs`: the recordings of a project."""

    directory: str
    """Where they are kept."""
    recordings: list[Entry]
    """Newest first."""


class Removal(msgspec.Struct, frozen=True, kw_only=True):
    """`tailtune runs remove`: what is gone."""

    bundle_id: str
    path: str
    freed_bytes: int


class Failure(msgspec.Struct, frozen=True, kw_only=True):
    """Why a command gave no result."""

    code: str
    """Stable identifier, for example `build-failed`."""
    exit_code: int
    message: str
    hint: str
    detail: str


class FailedResult(msgspec.Struct, frozen=True, kw_only=True):
    """What `--json` prints in place of the result when a command fails."""

    error: Failure


class SchemaList(msgspec.Struct, frozen=True, kw_only=True):
    """`tailtune schema`: what schemas there are."""

    schemas: list[str]
