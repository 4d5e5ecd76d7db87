"""An experiment judged: per metric, did the candidate change anything that matters?

The unit of analysis is the epoch, one restart of both variants: requests and slices of one
process share its layout, its heap and its moment, so that taking them for independent finds
differences between identical servers. See docs/concepts for the method.
"""

import math
from collections.abc import Mapping
from typing import Final

import msgspec

from tailtune.bundle import Bundle
from tailtune.judge import decision, statistics
from tailtune.judge.epochs import EpochFigures, Experiment, read_experiment
from tailtune.judge.operations import compare_operations, error_warnings
from tailtune.model.estimate import Estimate
from tailtune.model.recording import Manifest, Phase
from tailtune.model.units import NS_PER_S
from tailtune.model.verdict import Comparison, Metric, MetricVerdict, Verdict

MARGINS: Final[Mapping[Metric, float]] = {
    Metric.CPU_PER_REQUEST: 0.02,
    Metric.P50: 0.03,
    Metric.P90: 0.04,
    Metric.P99: 0.05,
    Metric.P999: 0.10,
    Metric.MEAN: 0.03,
    Metric.PEAK_RSS: 0.05,
}
"""Smallest relative change that matters."""
PRIMARY: Final = (Metric.CPU_PER_REQUEST, Metric.P50, Metric.P99)
"""Judged each for itself; the others share one error rate (Holm)."""
UNDISTURBED: Final = frozenset({Metric.CPU_PER_REQUEST, Metric.PEAK_RSS})
"""Metrics that a busy machine moves little: judged even where latency cannot be."""
MOST_EXCLUDED: Final = 0.2
"""Share of epochs that may be unsteady, and of pairs that may be invalid."""


def compare(bundle: Bundle, margins: Mapping[Metric, float] = MARGINS) -> Comparison:
    """Judge a recording of kind `experiment`.

    Raises:
        UsageError: if the recording is not an experiment of two variants.
        NothingMeasuredError: if no slice was recorded.
    """
    experiment = read_experiment(bundle)
    refusals = _refusals(experiment)
    verdicts = {metric: _judge(metric, experiment, margins[metric], refusals) for metric in margins}
    verdicts = _holm(verdicts)
    verdicts = {metric: _planned(answer, experiment) for metric, answer in verdicts.items()}
    is_aa = same_artifact(bundle.manifest)
    return Comparison(
        experiment_id=bundle.id,
        baseline=experiment.baseline,
        candidate=experiment.candidate,
        is_aa=is_aa,
        epochs=experiment.epochs_total,
        epochs_excluded=len(experiment.unsteady),
        pairs_total=experiment.pairs_total,
        pairs_dropped=experiment.pairs_dropped,
        metrics=list(verdicts.values()),
        warnings=_warnings(experiment, bundle.manifest, is_aa=is_aa),
        operations=compare_operations(bundle, experiment, decision.CONFIDENCE),
        epoch_seconds=_epoch_seconds(bundle.manifest, experiment.epochs_total),
    )


def _epoch_seconds(manifest: Manifest, epochs: int) -> float | None:
    """Mean length of an epoch, from the first start to the end of the last phase."""
    starts = [one.started_ns for one in manifest.phases if one.phase is Phase.START]
    if not starts or not epochs:
        return None
    return (max(one.ended_ns for one in manifest.phases) - min(starts)) / NS_PER_S / epochs


def same_artifact(manifest: Manifest) -> bool:
    """Whether both variants run the same binary with the same arguments, environment, knobs and profiling."""
    hashes = {artifact.variant: artifact.sha256 for artifact in manifest.artifacts}
    variants = list(manifest.variants.items())
    if len(variants) != 2:
        return False
    (first, baseline), (second, candidate) = variants
    same_binary = hashes.get(first, "") == hashes.get(second, "") != ""
    settings = [(one.env, one.args, one.knobs, one.instrument) for one in (baseline, candidate)]
    return same_binary and settings[0] == settings[1]


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
    tolerant = metric in UNDISTURBED and Verdict.TOO_NOISY in refusals
    figures = experiment.judged
    pairs = [
        (e.baseline[metric], e.candidate[metric]) for e in figures if metric in e.baseline and metric in e.candidate
    ]
    answer = _answer(metric, [math.log(candidate / baseline) for baseline, candidate in pairs], margin, figures)
    holding = [verdict for verdict in refusals if not (tolerant and verdict is Verdict.TOO_NOISY)]
    if holding:
        answer = msgspec.structs.replace(answer, verdict=holding[0], reason=refusals[holding[0]], epochs_needed=None)
    return msgspec.structs.replace(
        answer,
        baseline=_typical([baseline for baseline, _ in pairs]),
        candidate=_typical([candidate for _, candidate in pairs]),
    )


def _typical(values: list[float]) -> float | None:
    """The center that belongs to a trimmed mean of log ratios: the trimmed geometric mean."""
    return math.exp(statistics.trimmed_interval([math.log(value) for value in values]).point) if values else None


def _answer(metric: Metric, differences: list[float], margin: float, figures: list[EpochFigures]) -> MetricVerdict:
    if not differences:
        needed = "not measured"
        if figures:
            needed = f"too few requests for it in an epoch: {min(e.requests for e in figures):,}"
        return _verdict(metric, margin, Verdict.INCONCLUSIVE, needed)
    interval = statistics.trimmed_interval(differences, decision.CONFIDENCE)
    p = statistics.sign_flip_p(differences)
    verdict, reason = decision.decide(interval, p, margin)
    return _verdict(
        metric,
        margin,
        verdict,
        reason,
        ratio=statistics.mapped(interval, math.exp),
        p=p,
        needed=decision.epochs_needed(interval, margin) if verdict is Verdict.INCONCLUSIVE else None,
    )


def _holm(verdicts: dict[Metric, MetricVerdict]) -> dict[Metric, MetricVerdict]:
    """Withdraw changes among the secondary metrics that do not survive their number (Holm 1979)."""
    intervals = {
        metric: statistics.mapped(answer.ratio, math.log)
        for metric, answer in verdicts.items()
        if metric not in PRIMARY and answer.ratio is not None
    }
    changed = [m for m in intervals if verdicts[m].verdict in (Verdict.IMPROVED, Verdict.REGRESSED)]
    result, standing = dict(verdicts), True
    for position, metric in enumerate(sorted(changed, key=lambda metric: decision.p_value(intervals[metric]))):
        allowed = (1 - decision.CONFIDENCE) / (len(intervals) - position)
        standing = standing and decision.p_value(intervals[metric]) <= allowed
        if not standing:
            result[metric] = msgspec.structs.replace(
                verdicts[metric],
                verdict=Verdict.INCONCLUSIVE,
                reason=f"significant alone, but not as one of {len(intervals)} secondary metrics (Holm)",
                epochs_needed=decision.epochs_needed(intervals[metric], verdicts[metric].margin, 1 - allowed),
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
    if experiment.interference.too_noisy:
        found.append("latency was not judged; CPU per request and memory were, from all pairs")
    if experiment.suspect:
        found.append(f"the load was suspect in {len(experiment.suspect)} slices: {experiment.suspect_reason}")
    return found + error_warnings(experiment)


def _verdict(
    metric: Metric,
    margin: float,
    verdict: Verdict,
    reason: str,
    *,
    ratio: Estimate | None = None,
    p: float | None = None,
    needed: int | None = None,
) -> MetricVerdict:
    return MetricVerdict(
        metric=metric,
        verdict=verdict,
        ratio=ratio,
        baseline=None,
        candidate=None,
        margin=margin,
        p_permutation=p,
        epochs_needed=needed,
        reason=reason,
    )
