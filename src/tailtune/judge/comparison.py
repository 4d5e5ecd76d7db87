"""An experiment judged: per metric, did the candidate change anything that matters?

The unit of analysis is the epoch, one restart of both variants: requests and slices of one
process share its layout, its heap and its moment, so that taking them for independent finds
differences between identical servers. See docs/concepts for the method.
"""

import math
from collections.abc import Iterable, Mapping
from typing import Any, Final

import msgspec

from tailtune.bundle import Bundle
from tailtune.judge import decision, speed, statistics
from tailtune.judge.acceptance import answers_of, gates_of, withhold
from tailtune.judge.epochs import MOST_EXCLUDED, EpochFigures, Experiment, read_experiment
from tailtune.judge.family import regressions
from tailtune.judge.hypothesis import judge_expectations
from tailtune.judge.metrics import ALWAYS, LATENCIES, MARGINS
from tailtune.judge.operations import compare_operations, error_warnings
from tailtune.model.recording import Manifest, Phase
from tailtune.model.units import NS_PER_S, format_change, format_share
from tailtune.model.verdict import PRIMARY, Comparison, Metric, MetricVerdict, Verdict

_SPEED_NOTED: Final = 0.02
"""Spread of the CPUs' speed between the variants of an epoch that is worth a word."""
MOST_UTILIZED: Final = 0.85
"""Share of its CPUs that a service may need. Above, an open load keeps a queue, of mean length rho / (1 - rho) in
M/M/1: latency is mostly that queue, and how many requests share the caches and the allocator is left to chance."""


def compare(bundle: Bundle, candidate: str = "", margins: Mapping[Metric, float] = MARGINS) -> Comparison:
    """Judge one candidate of a recording of kind `experiment` against the baseline.

    Args:
        bundle: the recording.
        candidate: name of a variant; empty: the first after the baseline.
        margins: smallest relative change that matters, of each metric.

    Raises:
        UsageError: if the recording is not an experiment, or has no such candidate.
        NothingMeasuredError: if no slice was recorded.
    """
    experiment = read_experiment(bundle, candidate)
    refusals = _refusals(experiment)
    verdicts = {
        metric: _judge(metric, experiment, margins[metric], refusals) for metric in _measured(experiment, margins)
    }
    verdicts = _holm(verdicts)
    verdicts = {metric: _planned(answer, experiment) for metric, answer in verdicts.items()}
    answers = answers_of(bundle.manifest.answers, experiment.candidate)
    gates = gates_of(bundle.manifest.gates, experiment.baseline, experiment.candidate)
    died = bundle.manifest.design.died if bundle.manifest.design else []
    accepted = withhold(verdicts.values(), answers, gates, candidate=experiment.candidate, died=died)
    is_aa = same_artifact(bundle.manifest, experiment.baseline, experiment.candidate)
    return Comparison(
        experiment_id=bundle.id,
        baseline=experiment.baseline,
        candidate=experiment.candidate,
        is_aa=is_aa,
        epochs=experiment.epochs_total,
        epochs_excluded=len(experiment.unsteady),
        pairs_total=experiment.pairs_total,
        pairs_dropped=experiment.pairs_dropped,
        metrics=accepted,
        warnings=_warnings(experiment, bundle.manifest, is_aa=is_aa),
        operations=compare_operations(bundle, experiment),
        regressions=regressions(accepted),
        **_asked(bundle.manifest, accepted),
        answers=answers,
        gates=gates,
        epoch_seconds=_epoch_seconds(bundle.manifest, experiment.epochs_total),
    )


def _asked(manifest: Manifest, answers: Iterable[MetricVerdict]) -> dict[str, Any]:
    """What the experiment was made for, and why it ended."""
    design = manifest.design
    if design is None:
        return {}
    expectations = judge_expectations(design.expectations, answers)
    return {"ended": design.ended, "because": design.because, "expectations": expectations}


def _measured(experiment: Experiment, margins: Mapping[Metric, float]) -> list[Metric]:
    """Those that any epoch has a figure for, and all that people ask for first, to say why there is none."""

    def is_seen(metric: Metric) -> bool:
        return any(metric in epoch.baseline or metric in epoch.candidate for epoch in experiment.epochs_of(metric))

    return [metric for metric in margins if metric in ALWAYS or is_seen(metric)]


def _epoch_seconds(manifest: Manifest, epochs: int) -> float | None:
    """Mean length of an epoch, from the first start to the end of the last phase."""
    starts = [one.started_ns for one in manifest.phases if one.phase is Phase.START]
    if not starts or not epochs:
        return None
    return (max(one.ended_ns for one in manifest.phases) - min(starts)) / NS_PER_S / epochs


def same_artifact(manifest: Manifest, first: str, second: str) -> bool:
    """Whether two variants run the same code with the same arguments, environment, knobs and profiling.

    Code and data that are loaded decide, where they are known: two commits may embed different paths and build IDs.
    """
    artifacts = {artifact.variant: artifact for artifact in manifest.artifacts}
    if first not in artifacts or second not in artifacts:
        return False
    one, other = artifacts[first], artifacts[second]
    same_file = one.sha256 == other.sha256 != ""
    same_content = one.content_sha256 == other.content_sha256 != ""
    variants = [manifest.variants[name] for name in (first, second)]
    settings = [(one.env, one.args, one.knobs, one.instrument) for one in variants]
    return (same_file or same_content) and settings[0] == settings[1]


def _refusals(experiment: Experiment) -> dict[Verdict, str]:
    """The refusals that hold for the experiment, with their reasons, in the order of precedence."""
    found = {}
    if len(experiment.unsteady) > MOST_EXCLUDED * experiment.epochs_total:
        found[Verdict.UNSTEADY] = (
            f"{len(experiment.unsteady)} of {experiment.epochs_total} epochs did not become steady: "
            f"{experiment.unsteady_reason}"
        )
    if len(experiment.invalid) > MOST_EXCLUDED * experiment.pairs_total:
        found[Verdict.INVALID] = (
            f"the load was invalid in {len(experiment.invalid)} of {experiment.pairs_total} pairs: "
            f"{experiment.invalid_reason}"
        )
    if experiment.interference.too_noisy:
        found[Verdict.TOO_NOISY] = (
            f"{len(experiment.interference.dropped)} of {experiment.pairs_total} pairs were disturbed: "
            + "; ".join(experiment.interference.causes)
        )
    return found


def _judge(metric: Metric, experiment: Experiment, margin: float, refusals: Mapping[Verdict, str]) -> MetricVerdict:
    tolerated = _tolerated(metric, experiment)
    figures = experiment.epochs_of(metric)
    pairs = [
        (e.baseline[metric], e.candidate[metric]) for e in figures if metric in e.baseline and metric in e.candidate
    ]
    answer = _answer(metric, speed.differences(metric, figures), margin, figures)
    holding = [verdict for verdict in refusals if verdict not in tolerated]
    if holding:
        answer = msgspec.structs.replace(
            answer, verdict=holding[0], reason=refusals[holding[0]], epochs_needed=None, decided_at=None
        )
    return msgspec.structs.replace(
        answer,
        baseline=_typical([baseline for baseline, _ in pairs]),
        candidate=_typical([candidate for _, candidate in pairs]),
    )


def _tolerated(metric: Metric, experiment: Experiment) -> set[Verdict]:
    """Return the refusals that are about when requests were sent and answered, and leave a metric as it is.

    A load is invalid where the engine was late, which the faster variant shows first. What it cost to answer the same
    requests can be told all the same, if all were answered.
    """
    if metric in LATENCIES:
        return set()
    return {Verdict.TOO_NOISY, Verdict.INVALID} if experiment.answered else {Verdict.TOO_NOISY}


def _typical(values: list[float]) -> float | None:
    """The center that belongs to a trimmed mean of log ratios: the trimmed geometric mean."""
    return math.exp(statistics.trimmed_interval([math.log(value) for value in values]).point) if values else None


def _answer(metric: Metric, differences: list[float], margin: float, figures: list[EpochFigures]) -> MetricVerdict:
    if not differences:
        needed = "not measured"
        if figures:
            needed = f"too few requests for it in an epoch: {min(e.requests for e in figures):,}"
        return MetricVerdict(
            metric=metric,
            verdict=Verdict.INCONCLUSIVE,
            ratio=None,
            baseline=None,
            candidate=None,
            margin=margin,
            p_permutation=None,
            epochs_needed=None,
            reason=needed,
        )
    found = decision.decide(differences, margin)
    undecided = found.verdict is Verdict.INCONCLUSIVE
    return MetricVerdict(
        metric=metric,
        verdict=_turned(found.verdict) if metric.higher_is_better else found.verdict,
        ratio=statistics.mapped(found.interval, math.exp),
        baseline=None,
        candidate=None,
        margin=margin,
        p_permutation=found.p_permutation,
        p_sequential=found.p_sequential,
        decided_at=found.decided_at,
        epochs_needed=decision.epochs_needed(found.interval, margin) if undecided else None,
        reason=found.reason,
    )


def _turned(verdict: Verdict) -> Verdict:
    """What a ratio says where more is better."""
    return {Verdict.IMPROVED: Verdict.REGRESSED, Verdict.REGRESSED: Verdict.IMPROVED}.get(verdict, verdict)


def _holm(verdicts: dict[Metric, MetricVerdict]) -> dict[Metric, MetricVerdict]:
    """Withdraw changes among the secondary metrics that do not survive their number (Holm 1979)."""
    family = {m: a for m, a in verdicts.items() if m not in PRIMARY and a.p_sequential is not None}
    changed = [m for m, answer in family.items() if answer.verdict in (Verdict.IMPROVED, Verdict.REGRESSED)]
    result, standing = dict(verdicts), True
    for position, metric in enumerate(sorted(changed, key=lambda metric: family[metric].p_sequential or 0.0)):
        allowed = (1 - decision.CONFIDENCE) / (len(family) - position)
        answer = family[metric]
        standing = standing and (answer.p_sequential or 0.0) <= allowed
        if not standing and answer.ratio is not None:
            result[metric] = msgspec.structs.replace(
                answer,
                verdict=Verdict.INCONCLUSIVE,
                decided_at=None,
                reason=f"significant alone, but not as one of {len(family)} secondary metrics (Holm)",
                epochs_needed=decision.epochs_needed(statistics.mapped(answer.ratio, math.log), answer.margin, allowed),
            )
    return result


def _planned(answer: MetricVerdict, experiment: Experiment) -> MetricVerdict:
    """Turn the usable epochs that are needed into epochs to ask for: as many will be left out again."""
    if answer.epochs_needed is None or answer.ratio is None:
        return answer
    needed = math.ceil(answer.epochs_needed * experiment.epochs_total / answer.ratio.n)
    return msgspec.structs.replace(answer, epochs_needed=needed)


def _warnings(experiment: Experiment, manifest: Manifest, *, is_aa: bool) -> list[str]:
    found = list(manifest.warnings)
    if is_aa:
        found.append(
            "both variants are the same binary with the same settings: an A/A, any difference is a false alarm"
        )
    if manifest.partial:
        found.append(f"the experiment was not finished: {manifest.failure or 'interrupted'}")
    if experiment.interference.dropped and not experiment.interference.too_noisy:
        found.append(
            f"{len(experiment.interference.dropped)} of {experiment.pairs_total} pairs dropped: "
            + "; ".join(experiment.interference.causes)
        )
    if experiment.throttled:
        found.append(
            f"the control group's CPU quota stopped the service in {experiment.throttled} slices: waiting for the"
            " quota is part of its latency"
        )
    if experiment.utilization > MOST_UTILIZED:
        found.append(
            f"the service kept its CPUs {format_share(experiment.utilization)} busy, so that latency is mostly the"
            " queue for them; at a lower rate (`--rate`) fewer epochs decide"
        )
    found += _speed_warnings(experiment)
    if experiment.interference.too_noisy or experiment.answered:
        found.append("latency was not judged; CPU per request and memory were, from all pairs")
    if experiment.suspect:
        found.append(f"the load was suspect in {len(experiment.suspect)} slices: {experiment.suspect_reason}")
    return found + error_warnings(experiment)


def _speed_warnings(experiment: Experiment) -> list[str]:
    """Say what was made of the gauge, where it matters."""
    gauged = speed.speed_of(experiment.epochs_of(Metric.CPU_PER_REQUEST))
    if gauged.shifted:
        return [
            f"the gauge of the CPUs' speed took {format_change(math.exp(gauged.shifted))} time under"
            f" {experiment.candidate}, epoch after epoch: its own doing, so CPU time was not adjusted for speed"
        ]
    if gauged.spread < _SPEED_NOTED:
        return []
    return [
        f"the CPUs' own speed differed by {format_share(gauged.spread)} between the variants of an epoch, now one way,"
        " now the other: CPU time was adjusted by a gauge that ran beside them"
    ]
