"""From the tables of an experiment to one figure per metric, variant and epoch."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from statistics import median
from typing import Final

from tailtune.bundle import Bundle
from tailtune.errors import NothingMeasuredError, UsageError
from tailtune.judge.distribution import Distribution
from tailtune.judge.granted_cpus import granted_cpus
from tailtune.judge.histograms import by_slice
from tailtune.judge.interference import Interference, PairKey, disturbed_pairs
from tailtune.judge.metrics import LATENCIES, Row, figures
from tailtune.model.load import Validity
from tailtune.model.recording import Kind, Manifest
from tailtune.model.verdict import Metric

MOST_EXCLUDED: Final = 0.2
"""Share of epochs that may be unsteady, and of pairs that may be invalid or unanswered."""


@dataclass(frozen=True)
class EpochFigures:
    """One epoch: each metric's figure for both variants; a metric without enough requests is absent."""

    epoch: int
    requests: int
    """Of the variant with fewer."""
    baseline: Mapping[Metric, float]
    candidate: Mapping[Metric, float]
    baseline_slices: tuple[int, ...]
    candidate_slices: tuple[int, ...]
    piece_ns: tuple[float, float] = (0.0, 0.0)
    """Time of a piece of the gauge's work under the baseline and under the candidate; 0: not gauged."""


@dataclass(frozen=True)
class Errors:
    """Requests of one variant that failed."""

    failed: int
    requests: int
    epochs: int
    """In how many epochs some failed."""


@dataclass(frozen=True)
class Experiment:
    """An experiment with what was left out and why."""

    baseline: str
    candidate: str
    epochs: list[EpochFigures]
    """Steady epochs without disturbed or invalid pairs."""
    undropped: list[EpochFigures]
    """The same with disturbed pairs, for metrics that bear them."""
    answered: list[EpochFigures]
    """Where too many pairs are invalid, but nearly all were answered: the same of those; else empty."""
    epochs_total: int
    pairs_total: int
    unsteady: frozenset[int]
    unsteady_reason: str
    invalid: frozenset[PairKey]
    invalid_reason: str
    suspect: frozenset[int]
    suspect_reason: str
    throttled: int
    """Slices in which the control group's CPU quota stopped the service."""
    utilization: float
    """Share of the service's CPUs that the busier variant kept busy, the median of its slices; 0 if not known."""
    interference: Interference
    errors: Mapping[str, Errors]
    """By variant; of all slices, for one that fails makes its load invalid."""

    @property
    def judged(self) -> list[EpochFigures]:
        """The epochs that figures come from; where hardly a pair is undisturbed, those of all pairs."""
        return self.undropped if self.interference.too_noisy else self.epochs

    def epochs_of(self, metric: Metric) -> list[EpochFigures]:
        """Return the epochs that a metric's figures come from: for costs those of invalid but answered pairs, too."""
        return self.answered if self.answered and metric not in LATENCIES else self.judged

    @property
    def pairs_dropped(self) -> int:
        """Number of pairs left out of latency figures."""
        return len(self.interference.dropped | self.invalid)


def read_experiment(bundle: Bundle, candidate: str = "") -> Experiment:
    """Read a recording of kind `experiment` and reduce what it holds of the baseline and one candidate.

    Args:
        bundle: the recording.
        candidate: name of a variant; empty: the first after the baseline.

    Raises:
        UsageError: if the recording is not an experiment, or has no such candidate.
        NothingMeasuredError: if no slice was recorded.
    """
    manifest = bundle.manifest
    baseline, *candidates = manifest.variants or [""]
    if manifest.kind is not Kind.EXPERIMENT or not candidates:
        raise UsageError(
            f"recording {manifest.id} is a {manifest.kind}, not an experiment with two variants or more",
            hint="`tailtune compare A B` makes one",
        )
    candidate = candidate or candidates[0]
    if candidate not in candidates:
        raise UsageError(f"experiment {manifest.id} has no candidate {candidate!r}", hint=", ".join(candidates))
    rows = _paired_with(candidate, bundle.table("slices").to_pylist())
    if not rows:
        raise NothingMeasuredError(f"experiment {manifest.id} holds no slice", hint="see its logs")
    unsteady, unsteady_reason = _unsteady(bundle, {baseline, candidate})
    invalid = frozenset(_key(row) for row in rows if row["validity"] == Validity.INVALID) | _incomplete(rows)
    walls = _walls(bundle)
    seen = [{**row, "wall_ns": walls[row["slice"]]} if row["slice"] in walls else row for row in rows]
    interference = disturbed_pairs(seen, _cpus(manifest))
    usable = [row for row in rows if row["epoch"] not in unsteady and _key(row) not in invalid]
    latencies = by_slice(bundle.table("latency"))
    saturated = _paired_with(candidate, bundle.table("saturation").to_pylist())
    sides = (baseline, candidate)
    calm = [row for row in usable if _key(row) not in interference.dropped]
    pairs_total = len({_key(row) for row in rows})
    answered = _answered(rows, unsteady) if len(invalid) > MOST_EXCLUDED * pairs_total else []
    if len(answered) < (1 - MOST_EXCLUDED) * len(rows):
        answered = []
    return Experiment(
        baseline=baseline,
        candidate=candidate,
        epochs=_figures(calm, latencies, saturated, sides),
        undropped=_figures(usable, latencies, saturated, sides),
        answered=_figures(answered, latencies, saturated, sides),
        epochs_total=len({row["epoch"] for row in rows} | unsteady),
        pairs_total=pairs_total,
        unsteady=unsteady,
        unsteady_reason=unsteady_reason,
        invalid=invalid,
        invalid_reason=_most_common(row["reasons"] for row in rows if row["validity"] == Validity.INVALID),
        suspect=frozenset(row["slice"] for row in usable if row["validity"] == Validity.SUSPECT),
        suspect_reason=_most_common(row["reasons"] for row in usable if row["validity"] == Validity.SUSPECT),
        throttled=sum(row["throttled_ns"] > 0 for row in usable),
        utilization=_utilization(usable, manifest),
        interference=interference,
        errors={side: _errors([row for row in rows if row["variant"] == side]) for side in sides},
    )


def _walls(bundle: Bundle) -> dict[int, int]:
    """Time between the readings of the machine at the edges of each slice."""
    edges: dict[int, list[int]] = defaultdict(list)
    table = bundle.table("host")
    for number, at in zip(table["slice"].to_pylist(), table["t_ns"].to_pylist(), strict=True):
        edges[number].append(at)
    return {number: max(found) - min(found) for number, found in edges.items() if len(found) > 1}


def _utilization(rows: list[Row], manifest: Manifest) -> float:
    if manifest.layout is None:
        return 0.0
    cpus = {name: len(granted_cpus(manifest, variant)) for name, variant in manifest.variants.items()}
    busy: dict[str, list[float]] = defaultdict(list)
    for row in rows:
        length = (row["ended_ns"] - row["started_ns"]) * cpus[row["variant"]]
        if length > 0:
            busy[row["variant"]].append((row["cpu_user_ns"] + row["cpu_system_ns"]) / length)
    return max(map(median, busy.values()), default=0.0)


def _cpus(manifest: Manifest) -> int:
    """How many CPUs the machine's busy and stolen time was read on: the engine's and the service's."""
    layout = manifest.layout
    used = {*layout.engine, *layout.service} if layout else set[int]()
    return len(used) or max(1, manifest.environment.logical_cpus)


def _paired_with(candidate: str, rows: list[Row]) -> list[Row]:
    """The slices of the pairs that one candidate is in."""
    pairs = {_key(row) for row in rows if row["variant"] == candidate}
    return [row for row in rows if _key(row) in pairs]


def _answered(rows: list[Row], unsteady: frozenset[int]) -> list[Row]:
    """The slices of steady epochs in whose pairs both variants were sent as much and answered all of it."""
    pairs: dict[PairKey, list[Row]] = defaultdict(list)
    for row in rows:
        if row["epoch"] not in unsteady and 0 < row["requests"] == row["completed"] and not row["unexpected"]:
            pairs[_key(row)].append(row)
    whole = [found for found in pairs.values() if len(found) == 2 and found[0]["requests"] == found[1]["requests"]]
    return [row for found in whole for row in found]


def _unsteady(bundle: Bundle, variants: set[str]) -> tuple[frozenset[int], str]:
    starts = [row for row in bundle.table("epochs").to_pylist() if row["variant"] in variants]
    restless = [row for row in starts if not row["steady"]]
    return frozenset(row["epoch"] for row in restless), _most_common(row["reason"] for row in restless)


def _incomplete(rows: list[Row]) -> frozenset[PairKey]:
    """Pairs of which only one slice was recorded, as an interruption leaves them."""
    counts = Counter(_key(row) for row in rows)
    return frozenset(key for key, count in counts.items() if count != 2)


def _figures(
    rows: list[Row], latencies: Mapping[int, Distribution], saturated: list[Row], sides: tuple[str, str]
) -> list[EpochFigures]:
    groups: dict[int, dict[str, list[Row]]] = defaultdict(lambda: {side: [] for side in sides})
    for row in rows:
        groups[row["epoch"]][row["variant"]].append(row)

    def side(epoch: int, variant: str) -> dict[Metric, float]:
        slices = groups[epoch][variant]
        latency = Distribution.merge(latencies[row["slice"]] for row in slices if row["slice"] in latencies)
        full = [row for row in saturated if row["epoch"] == epoch and row["variant"] == variant]
        return figures(slices, latency, full)

    return [
        EpochFigures(
            epoch=epoch,
            requests=min(sum(row["requests"] for row in slices) for slices in groups[epoch].values()),
            baseline=side(epoch, sides[0]),
            candidate=side(epoch, sides[1]),
            baseline_slices=tuple(row["slice"] for row in groups[epoch][sides[0]]),
            candidate_slices=tuple(row["slice"] for row in groups[epoch][sides[1]]),
            piece_ns=(_piece_ns(groups[epoch][sides[0]]), _piece_ns(groups[epoch][sides[1]])),
        )
        for epoch in sorted(groups)
    ]


def _piece_ns(slices: list[Row]) -> float:
    pieces = sum(row["gauge_pieces"] for row in slices)
    return sum(row["gauge_ns"] for row in slices) / pieces if pieces else 0.0


def _errors(rows: list[Row]) -> Errors:
    failed: Counter[int] = Counter()
    for row in rows:
        failed[row["epoch"]] += max(0, row["requests"] - row["completed"] + row["unexpected"])
    return Errors(
        failed=failed.total(),
        requests=sum(row["requests"] for row in rows),
        epochs=sum(count > 0 for count in failed.values()),
    )


def _key(row: Row) -> PairKey:
    return row["epoch"], row["pair"]


def _most_common(reasons: Iterable[str]) -> str:
    ranked = Counter(reason for reason in reasons if reason).most_common(1)
    return ranked[0][0] if ranked else "no reason recorded"
