"""Recorded experiments taken apart into what other ways of comparing would have had of them.

A run is one slice: a few seconds of load on one process. `sequential` gives what one who measures all of A and then all
of B would have; `alone` what one who measures each once would have.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import IntEnum
from pathlib import Path
from typing import Any, Final

from tailtune.bundle.reader import Bundle
from tailtune.judge.comparison import compare, same_artifact
from tailtune.judge.distribution import Distribution
from tailtune.judge.histograms import by_slice
from tailtune.model.verdict import Metric, Verdict

METRICS: Final = (Metric.CPU_PER_REQUEST, Metric.P50, Metric.P99)
RUNS: Final = 10
"""Runs of each side that benchstat's documentation asks for."""
LEAST: Final = 4
"""With fewer of each side no rank test can reach 0.05: 2 ÷ (6 choose 3) = 0.1."""


class Change(IntEnum):
    """What the candidate really is, or is said to be."""

    FASTER = -1
    SAME = 0
    SLOWER = 1


@dataclass(frozen=True)
class Run:
    """One slice of one variant."""

    epoch: int
    pair: int
    latency: Distribution
    """ns."""
    cpu_ns: float
    """CPU time per completed request."""

    def figure(self, metric: Metric) -> float:
        """Return the run's figure of one of METRICS, ns."""
        if metric is Metric.CPU_PER_REQUEST:
            return self.cpu_ns
        return self.latency.quantile(0.5 if metric is Metric.P50 else 0.99)


@dataclass(frozen=True)
class Pair:
    """Runs of both sides that one way of comparing would look at."""

    truth: Change
    first: Sequence[Run]
    second: Sequence[Run]


@dataclass(frozen=True)
class Recorded:
    """One recorded experiment with the truth about it."""

    name: str
    truth: Change
    baseline: list[Run]
    """In order of time."""
    candidate: list[Run]
    said: dict[Metric, Verdict]
    """What tailtune says of it."""

    def sequential(self, most: int = RUNS) -> Iterator[Pair]:
        """Give all of one side and then all of the other, at most `most` runs each, next to one another in time.

        Where both variants are the same, blocks of each variant follow one another, and none is used twice. Where they
        differ, the baseline is from the first half of the epochs and the candidate from the second: half of what was
        measured, as one would have who had measured each side in one half of the time. Experiments with fewer than
        LEAST runs a side give nothing.
        """
        if self.truth is Change.SAME:
            for runs in (self.baseline, self.candidate):
                size = min(most, len(runs) // 2)
                for start in range(0, len(runs) - 2 * size + 1, 2 * size) if size >= LEAST else ():
                    yield Pair(self.truth, runs[start : start + size], runs[start + size : start + 2 * size])
            return
        middle = sorted({run.epoch for run in self.baseline})
        half = middle[len(middle) // 2] if middle else 0
        first = [run for run in self.baseline if run.epoch < half][-most:]
        second = [run for run in self.candidate if run.epoch >= half][:most]
        if min(len(first), len(second)) >= LEAST:
            yield Pair(self.truth, first, second)

    def alone(self) -> Iterator[Pair]:
        """Give one run of each side, measured one right after the other: each pair of slices once."""
        others = {(run.epoch, run.pair): run for run in self.candidate}
        for run in self.baseline:
            if (run.epoch, run.pair) in others:
                yield Pair(self.truth, [run], [others[run.epoch, run.pair]])


def recordings(path: Path) -> Iterator[Path]:
    """Find recordings: `path` itself if it is one, else those in and below it that are finished."""
    manifests = [path / "manifest.json"] if (path / "manifest.json").exists() else sorted(path.rglob("manifest.json"))
    for manifest in manifests:
        if not any(part.startswith((".partial-", ".removed-")) for part in manifest.parts):
            yield manifest.parent


def read(path: Path, truth: Change) -> Recorded:
    """Read one experiment; both variants being one binary overrules what is said of the truth.

    Raises:
        TailtuneError: if it is no experiment of two variants, or damaged.
    """
    bundle = Bundle.open(path)
    comparison = compare(bundle)
    latencies = by_slice(bundle.table("latency"))
    rows = sorted(bundle.table("slices").to_pylist(), key=lambda row: row["started_ns"])
    sides: dict[str, list[Run]] = {comparison.baseline: [], comparison.candidate: []}
    for row in rows:
        if row["completed"] and row["slice"] in latencies:
            sides[row["variant"]].append(_run(row, latencies[row["slice"]]))
    return Recorded(
        name=bundle.id,
        truth=Change.SAME if same_artifact(bundle.manifest, *sides) else truth,
        baseline=sides[comparison.baseline],
        candidate=sides[comparison.candidate],
        said={one.metric: one.verdict for one in comparison.metrics},
    )


def _run(row: dict[str, Any], latency: Distribution) -> Run:
    cpu_ns = (row["cpu_user_ns"] + row["cpu_system_ns"]) / row["completed"]
    return Run(epoch=row["epoch"], pair=row["pair"], latency=latency, cpu_ns=cpu_ns)
