"""Side by side on the same recordings: what other ways of comparing would have said, and what tailtune says.

`.venv/bin/python benchmarks/verdicts rivals --same DIR ... --slower DIR ... --faster DIR ...`. A DIR is a recording of
`tailtune compare`, or any folder above some. `benchstat` is the real one if it is on PATH or given by --benchstat, else
its test by scipy: Mann-Whitney U at 0.05 (golang.org/x/perf, benchmath.AssumeNothing and DefaultThresholds).
"""

import csv
import io
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from scipy import stats
from trials import METRICS, Change, Pair, Recorded, Run, read, recordings

from tailtune.errors import TailtuneError
from tailtune.judge.distribution import Distribution
from tailtune.model.verdict import Metric, Verdict

ALPHA: Final = 0.05
THRESHOLD: Final = 0.10
_ALL_REQUESTS: Final = "latency"


@dataclass(frozen=True)
class Said:
    """One answer of one way of comparing."""

    truth: Change
    answer: Change
    """SAME: no difference is claimed."""


def run(same: list[Path], slower: list[Path], faster: list[Path], benchstat: str = "") -> None:
    """Read the recordings, in folders by what the candidates really are, and print the table.

    Raises:
        RuntimeError: if there is no recorded experiment.
    """
    folders = {Change.SAME: same, Change.SLOWER: slower, Change.FASTER: faster}
    found = [one for truth, paths in folders.items() for one in _read(paths, truth)]
    if not found:
        raise RuntimeError("no recorded experiment of two variants was found")
    counts = {truth.name.lower(): sum(one.truth is truth for one in found) for truth in Change}
    print(f"{len(found)} experiments: {', '.join(f'{count} {name}' for name, count in counts.items())}\n")
    print(
        "| compared by | of | answers where both are the same | false alarms | answers on a change | right | missed |"
        " wrong way |\n|---|---|---|---|---|---|---|---|"
    )
    for metric in METRICS:
        _print("tailtune, all epochs", metric.value, [Said(one.truth, _said(one.said.get(metric))) for one in found])
    sequential = [pair for one in found for pair in one.sequential()]
    for metric in METRICS:
        _print(*_by_benchstat(sequential, metric, benchstat or shutil.which("benchstat") or ""))
    alone = [pair for one in found for pair in one.alone()]
    for metric in METRICS:
        _print("one run each, 10 % apart", metric.value, _each(alone, lambda pair, of=metric: beyond(pair, of)))
    _print("one run each, t-test of requests", _ALL_REQUESTS, _each(alone, _by_t))
    _print("one run each, Mann-Whitney of requests", _ALL_REQUESTS, _each(alone, _by_ranks))


def _read(paths: Iterable[Path], truth: Change) -> Iterable[Recorded]:
    for path in (one for folder in paths for one in recordings(folder)):
        try:
            yield read(path, truth)
        except TailtuneError as error:
            print(f"{path.name} is left out: {error}")


def _print(name: str, metric: str, said: list[Said]) -> None:
    """Print one row: how often a difference was claimed, by whether there is one."""
    same = [one for one in said if one.truth is Change.SAME]
    changed = [one for one in said if one.truth is not Change.SAME]
    alarms = sum(one.answer is not Change.SAME for one in same)
    right = sum(one.answer is one.truth for one in changed)
    missed = sum(one.answer is Change.SAME for one in changed)
    wrong = len(changed) - right - missed
    cells = [share(alarms, len(same)), len(changed), right, missed, wrong]
    print(f"| {name} | {metric} | {len(same)} | {' | '.join(str(cell) for cell in cells)} |", flush=True)


def share(count: int, total: int) -> str:
    """Return a count with its share and the exact 95 % interval of it (Clopper-Pearson)."""
    if not total:
        return "n/a"
    interval = stats.binomtest(count, total).proportion_ci(0.95)
    return f"{count} = {count / total:.0%} [{interval.low:.0%}, {interval.high:.0%}]"


def _said(verdict: Verdict | None) -> Change:
    if verdict is Verdict.IMPROVED:
        return Change.FASTER
    return Change.SLOWER if verdict is Verdict.REGRESSED else Change.SAME


def _each(pairs: Iterable[Pair], judge: Callable[[Pair], Change]) -> list[Said]:
    return [Said(pair.truth, judge(pair)) for pair in pairs]


def _by_benchstat(pairs: list[Pair], metric: Metric, benchstat: str) -> tuple[str, str, list[Said]]:
    sizes = sorted({len(pair.first) for pair in pairs} | {len(pair.second) for pair in pairs}) or [0]
    runs = f"{sizes[0]} to {sizes[-1]}" if len(sizes) > 1 else str(sizes[0])
    if benchstat:
        said = _each(pairs, lambda pair: asked(benchstat, _figures(pair.first, metric), _figures(pair.second, metric)))
        return f"benchstat, A then B, {runs} runs each", metric.value, said
    said = _each(pairs, lambda pair: u_test(_figures(pair.first, metric), _figures(pair.second, metric)))
    return f"benchstat's test, A then B, {runs} runs each", metric.value, said


def _figures(runs: Iterable[Run], metric: Metric) -> list[float]:
    return [run.figure(metric) for run in runs]


def asked(benchstat: str, first: list[float], second: list[float]) -> Change:
    """Ask the real benchstat whether two samples of ns per request differ.

    Raises:
        RuntimeError: if it fails or answers what is not understood.
    """
    with tempfile.TemporaryDirectory() as folder:
        files = []
        for name, values in (("first", first), ("second", second)):
            files.append(Path(folder) / name)
            files[-1].write_text("".join(f"BenchmarkRequests 1 {value:.3f} ns/op\n" for value in values))
        done = subprocess.run([benchstat, "-format", "csv", *files], capture_output=True, text=True, check=False)
    rows = [row for row in csv.reader(io.StringIO(done.stdout)) if row and row[0].startswith("Requests")]
    if done.returncode or len(rows) != 1 or len(rows[0]) < 7:
        raise RuntimeError(f"benchstat did not answer as expected: {done.stderr.strip() or done.stdout!r}")
    delta = rows[0][5]
    if not delta.endswith("%"):
        return Change.SAME
    return Change.SLOWER if delta.startswith("+") else Change.FASTER


def u_test(first: list[float], second: list[float]) -> Change:
    """Compare as benchstat does: Mann-Whitney U, two-sided, exact for few values without ties; medians tell the way."""
    if stats.mannwhitneyu(first, second, alternative="two-sided").pvalue >= ALPHA:
        return Change.SAME
    return _way(float(np.median(second)) - float(np.median(first)))


def beyond(pair: Pair, metric: Metric) -> Change:
    """Compare one run of each as a gate in CI does: more than THRESHOLD apart."""
    ratio = pair.second[0].figure(metric) / pair.first[0].figure(metric) - 1
    return _way(ratio) if abs(ratio) > THRESHOLD else Change.SAME


def _by_t(pair: Pair) -> Change:
    return t_test(pair.first[0].latency, pair.second[0].latency)


def t_test(first: Distribution, second: Distribution) -> Change:
    """Compare mean latencies by Welch's test, each request taken for an independent observation."""
    test = stats.ttest_ind_from_stats(
        first.mean, _deviation(first), first.n, second.mean, _deviation(second), second.n, equal_var=False
    )
    if test.pvalue >= ALPHA:
        return Change.SAME
    return _way(second.mean - first.mean)


def _deviation(side: Distribution) -> float:
    return float(np.sqrt(((side.values - side.mean) ** 2) @ side.counts / (side.n - 1)))


def _by_ranks(pair: Pair) -> Change:
    first, second = pair.first[0].latency, pair.second[0].latency
    z = rank_z(first, second)
    return Change.SAME if 2 * stats.norm.sf(abs(z)) >= ALPHA else _way(z)


def rank_z(first: Distribution, second: Distribution) -> float:
    """Return the Mann-Whitney statistic as a normal score, corrected for ties; above 0 where `second` is larger."""
    values = np.union1d(first.values, second.values)
    counts = np.zeros((2, len(values)))
    for side, distribution in enumerate((first, second)):
        counts[side, np.searchsorted(values, distribution.values)] = distribution.counts
    n, m = first.n, second.n
    below = np.cumsum(counts[0]) - counts[0]
    u = float(counts[1] @ (below + counts[0] / 2))
    ties = counts.sum(axis=0)
    total = n + m
    variance = n * m / 12 * (total + 1 - float((ties**3 - ties).sum()) / (total * (total - 1)))
    return (u - n * m / 2) / float(np.sqrt(variance))


def _way(difference: float) -> Change:
    return Change.SLOWER if difference > 0 else Change.FASTER
