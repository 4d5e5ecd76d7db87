"""Fixed values of the model for the golden outputs: one experiment."""

from msgspec.structs import replace
from tests.support.results import EXPERIMENT_ID, MANIFEST, PATH, RUN_ID, estimate

from tailtune.judge.acceptance import withhold
from tailtune.model.answer_rules import Compare
from tailtune.model.answers import AnswerDifference, AnswersReport, GateResult, OperationAnswers
from tailtune.model.project import Variant
from tailtune.model.recording import (
    Kind,
)
from tailtune.model.results import (
    CompareResult,
    ExperimentEntry,
    ExperimentList,
    RecordingFacts,
    SweepResult,
)
from tailtune.model.verdict import (
    Comparison,
    ExpectationResult,
    Fulfilled,
    Metric,
    MetricVerdict,
    OperationRatio,
    Verdict,
)


def answer(
    metric: Metric,
    verdict: Verdict,
    values: tuple[float, float],
    ratio: tuple[float, float, float],
    margin: float,
    **more: object,
) -> MetricVerdict:
    plain = MetricVerdict(
        metric=metric,
        verdict=verdict,
        ratio=estimate(*ratio, n=8),
        baseline=values[0],
        candidate=values[1],
        margin=margin,
        p_permutation=0.0078,
        epochs_needed=None,
        reason="the interval lies beyond the margin",
    )
    return replace(plain, **more)


COMPARISON = Comparison(
    experiment_id=EXPERIMENT_ID,
    baseline="base",
    candidate="fast",
    is_aa=False,
    epochs=8,
    epochs_excluded=1,
    pairs_total=32,
    pairs_dropped=3,
    metrics=[
        answer(Metric.CPU_PER_REQUEST, Verdict.IMPROVED, (1.92e6, 1.32e6), (0.688, 0.680, 0.699), 0.02),
        answer(Metric.P50, Verdict.IMPROVED, (1.23e6, 0.98e6), (0.797, 0.77, 0.82), 0.03),
        answer(
            Metric.P99,
            Verdict.INCONCLUSIVE,
            (6.81e6, 6.2e6),
            (0.91, 0.78, 1.07),
            0.05,
            p_permutation=0.21,
            epochs_needed=24,
            reason="the interval reaches from a gain to beyond the margin",
        ),
        MetricVerdict(
            metric=Metric.P999,
            verdict=Verdict.INCONCLUSIVE,
            ratio=None,
            baseline=None,
            candidate=None,
            margin=0.1,
            p_permutation=None,
            epochs_needed=None,
            reason="too few requests in a slice for p99.9",
        ),
        answer(
            Metric.PEAK_RSS,
            Verdict.EQUIVALENT,
            (87.2e6, 86.9e6),
            (0.997, 0.985, 1.008),
            0.025,
            reason="the interval lies within the margin",
        ),
    ],
    warnings=["3 pairs were dropped for steal"],
    operations=[
        OperationRatio(operation="render", metric=Metric.P50, ratio=estimate(0.78, 0.76, 0.8, n=8)),
        OperationRatio(operation="search", metric=Metric.P50, ratio=estimate(1.01, 0.97, 1.05, n=8)),
    ],
    epoch_seconds=14.2,
)
SAME = replace(
    COMPARISON,
    candidate="copy",
    is_aa=True,
    warnings=[],
    metrics=[
        answer(Metric.CPU_PER_REQUEST, Verdict.EQUIVALENT, (1.92e6, 1.92e6), (1.001, 0.994, 1.008), 0.02),
        answer(Metric.P99, Verdict.IMPROVED, (6.81e6, 6.2e6), (0.91, 0.88, 0.94), 0.05),
    ],
)
COMPARE = CompareResult(bundle_id=EXPERIMENT_ID, path=PATH.replace(RUN_ID, EXPERIMENT_ID), comparison=COMPARISON)
AA = replace(COMPARE, comparison=SAME)
EXPERIMENT_FACTS = RecordingFacts(
    path=COMPARE.path,
    manifest=replace(
        MANIFEST,
        id=EXPERIMENT_ID,
        kind=Kind.EXPERIMENT,
        command=["tailtune", "compare", "base", "fast"],
        variants={"base": Variant(), "fast": Variant(tags=["fast"])},
        load=None,
        steady=None,
        phases=[],
        schedule_sha256="",
    ),
    comparison=COMPARISON,
)

ANSWERS = AnswersReport(
    baseline="base",
    candidate="fast",
    asked=206,
    checked_twice=True,
    operations=[
        OperationAnswers(
            operation="search",
            compare=Compare.BODY,
            compared=120,
            equal=93,
            differing=27,
            places=["$.results[*].score", "$.total"],
            first=[
                AnswerDifference(request=4, place="$.results[0].score", baseline="0.25", candidate="0.5"),
                AnswerDifference(request=7, place="$.total", baseline="12", candidate="(absent)"),
            ],
        ),
        OperationAnswers(
            operation="status",
            compare=Compare.BODY,
            compared=66,
            equal=66,
            differing=0,
            volatile=["$.at.time"],
            note='not compared where the baseline\'s own answers differ between two starts: ignore = ["$.at.time"]',
        ),
        OperationAnswers(operation="health", compare=Compare.STATUS, compared=20, equal=20, differing=0),
    ],
    warnings=["answers of fast: time was over after 206 requests"],
)
GATES = [
    GateResult(variant="base", name="test", passed=True, seconds=3.1, log="logs/base.test.txt"),
    GateResult(
        variant="fast",
        name="test",
        passed=False,
        seconds=2.9,
        log="logs/fast.test.txt",
        reason="go test ./... ended with exit status 1",
    ),
]
OTHER_ANSWERS = replace(
    COMPARE,
    comparison=replace(COMPARISON, answers=ANSWERS, gates=GATES, metrics=withhold(COMPARISON.metrics, ANSWERS, GATES)),
)
ANSWERS_FACTS = replace(EXPERIMENT_FACTS, comparison=OTHER_ANSWERS.comparison)


def _level(name: str, cpu: Verdict, ratio: tuple[float, float, float]) -> Comparison:
    metrics = [
        answer(Metric.CPU_PER_REQUEST, cpu, (1.92e6, 1.92e6 * ratio[0]), ratio, 0.02, decided_at=8),
        answer(Metric.P99, Verdict.INCONCLUSIVE, (6.81e6, 6.9e6), (1.01, 0.90, 1.14), 0.05),
        answer(Metric.PEAK_RSS, Verdict.REGRESSED, (87.2e6, 120e6), (1.38, 1.33, 1.41), 0.05, decided_at=6),
    ]
    return replace(COMPARISON, candidate=name, metrics=metrics, operations=[], warnings=[])


SWEEP = SweepResult(
    bundle_id=EXPERIMENT_ID,
    path=COMPARE.path,
    baseline="base",
    deciding=["cpu_per_request", "p99"],
    levels=[
        _level("gogc=50", Verdict.REGRESSED, (1.21, 1.18, 1.24)),
        _level("gogc=400", Verdict.IMPROVED, (0.88, 0.86, 0.91)),
    ],
)
LIST = ExperimentList(
    directory="/srv/shop/.tailtune/runs",
    experiments=[
        ExperimentEntry(
            bundle_id=EXPERIMENT_ID,
            created_utc="2026-11-24T10:30:00+00:00",
            baseline="base",
            candidate="fast",
            because="the renderer compiles its expressions for each request",
            epochs=8,
            headline="improved: p50 -20.3 % [-23.0, -18.0]; inconclusive: p99",
            expectations=[
                ExpectationResult(expectation="p50 < -5%", fulfilled=Fulfilled.MET, why="measured -20.3 %"),
                ExpectationResult(
                    expectation="p99 < -5%", fulfilled=Fulfilled.UNDECIDED, why="the interval holds both"
                ),
            ],
            verdicts={"p50": Verdict.IMPROVED, "p99": Verdict.INCONCLUSIVE},
        )
    ],
)
SWEEP_FACTS = replace(
    EXPERIMENT_FACTS,
    manifest=replace(
        EXPERIMENT_FACTS.manifest,
        command=["tailtune", "sweep", "gogc=50,400"],
        variants={
            "base": Variant(),
            "gogc=50": Variant(knobs={"gogc": "50"}),
            "gogc=400": Variant(knobs={"gogc": "400"}),
        },
    ),
    comparison=None,
    sweep=SWEEP,
)
