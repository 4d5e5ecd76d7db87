"""What a load engine should report of a server that is known, and how far off it was.

Expectations come in two kinds. *Exact*: the very schedule that was played, run through the very service times by
Lindley's recursion; chance is the same on both sides, so a deviation is the engine's or the machine's. *Theory*: the
steady state of any such schedule, with the interval in which runs of this length fall, by simulation; it tells that the
exact expectation is itself right, and needs no word of the server's.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Final

import numpy as np

from tailtune.judge.distribution import Distribution
from tailtune.judge.quantiles import enough
from tailtune.judge.queueing import Queue, Times, mean_sojourn, replay, sojourn_quantile
from tailtune.model.estimate import Estimate
from tailtune.model.load import LoadReport, Validity
from tailtune.model.selftest import Figure, LoadTest, Truth
from tailtune.model.units import NS_PER_S

RELATIVE_TOLERANCE: Final = 0.03
ABSOLUTE_TOLERANCE_NS: Final = 30_000.0
"""Whichever is larger counts."""
QUANTILES: Final[Mapping[str, float]] = {"p50": 0.5, "p90": 0.9, "p99": 0.99}
CONFIDENCE: Final = 0.99
_REPLICAS: Final = 400
_SEED: Final = 20_250_901
_ORDER: Final = (Truth.HOLDS, Truth.DISTURBED, Truth.FAILS)


def worst(outcomes: Iterable[Truth]) -> Truth:
    """Return the worst of the outcomes, HOLDS for none."""
    return max(outcomes, key=_ORDER.index, default=Truth.HOLDS)


def statistics(latencies: Times, *, maximum: bool = False) -> dict[str, float]:
    """Return the figures that so many latencies carry: mean, quantiles and, on request, the maximum, ns."""
    every = Distribution.from_values(latencies)
    found = {"mean": every.mean}
    found |= {name: every.quantile(q) for name, q in QUANTILES.items() if enough(every.n, q)}
    return found | ({"max": every.maximum} if maximum else {})


def tolerance(expected_ns: float) -> float:
    """Return how far a time may be off, ns."""
    return max(ABSOLUTE_TOLERANCE_NS, RELATIVE_TOLERANCE * expected_ns)


def compare(
    expected: Mapping[str, float],
    measured: Mapping[str, float],
    theory: Mapping[str, Estimate] | None = None,
    *,
    clean: bool,
) -> list[Figure]:
    """Set measured times beside expected ones.

    Args:
        expected: exact expectation, ns, by the name of the figure.
        measured: what the engine reported, by the same names.
        theory: what any such schedule gives, where that is known.
        clean: whether the load was called VALID and the server was punctual; else a deviation shows nothing.
    """
    return [
        _figure(name, value, measured[name], (theory or {}).get(name), clean=clean) for name, value in expected.items()
    ]


def _figure(name: str, expected: float, measured: float, theory: Estimate | None, *, clean: bool) -> Figure:
    allowed = tolerance(expected)
    right = abs(measured - expected) <= allowed and _within(theory, measured, allowed)
    return Figure(
        name=name,
        unit="ns",
        expected=expected,
        measured=measured,
        tolerance=allowed,
        theory=theory,
        outcome=_outcome(right=right, clean=clean),
    )


def _within(theory: Estimate | None, measured: float, allowed: float) -> bool:
    if theory is None or theory.low is None or theory.high is None:
        return True
    return theory.low - allowed <= measured <= theory.high + allowed


def compare_counts(name: str, expected: int, measured: int, *, clean: bool) -> Figure:
    """Set two counts of requests beside one another; they must be equal."""
    return Figure(
        name=name,
        unit="requests",
        expected=expected,
        measured=measured,
        tolerance=0,
        outcome=_outcome(right=expected == measured, clean=clean),
    )


def _outcome(*, right: bool, clean: bool) -> Truth:
    if right:
        return Truth.HOLDS
    return Truth.FAILS if clean else Truth.DISTURBED


def conclude(
    name: str,
    title: str,
    report: LoadReport,
    figures: Sequence[Figure] = (),
    *,
    accepted: Sequence[Validity] = (),
    notes: Sequence[str] = (),
) -> LoadTest:
    """Put one test together; a load that is not called what it is fails, however disturbed the machine is."""
    called = Truth.HOLDS if not accepted or report.validity in accepted else Truth.FAILS
    return LoadTest(
        name=name,
        title=title,
        requests=report.scheduled_requests,
        validity=report.validity,
        reasons=report.reasons,
        accepted=list(accepted),
        figures=list(figures),
        outcome=worst([called, *(one.outcome for one in figures)]),
        notes=list(notes),
    )


def queue_theory(queue: Queue, seconds: float) -> dict[str, Estimate]:
    """Return mean and quantiles of the sojourn, ns, with the interval in which runs of `seconds` fall.

    A run is autocorrelated and begins with an empty queue; simulating many tells what that does to its figures.
    """
    duration = seconds * NS_PER_S

    def run(random: np.random.Generator) -> dict[str, float]:
        arrivals = poisson(random, queue.rate, duration)
        return statistics(replay(arrivals, queue.draw_services(random, len(arrivals))))

    exact = {"mean": mean_sojourn(queue)} | {name: sojourn_quantile(queue, q) for name, q in QUANTILES.items()}
    return _intervals(exact, run, round(queue.rate * duration))


def freeze_theory(rate_per_s: float, seconds: float, frozen_s: float) -> dict[str, Estimate]:
    """Return what a server that answers at once, but stands still for `frozen_s` of `seconds`, gives, ns.

    Of evenly spread starts the share x / seconds waits longer than frozen_s - x: G. Tene's Ctrl-Z test.
    """
    duration, frozen = seconds * NS_PER_S, frozen_s * NS_PER_S

    def run(random: np.random.Generator) -> dict[str, float]:
        arrivals = poisson(random, rate_per_s / NS_PER_S, duration)
        return statistics(freeze(arrivals, duration / 4, duration / 4 + frozen), maximum=True)

    exact = {name: max(0.0, frozen - (1 - q) * duration) for name, q in QUANTILES.items()}
    exact |= {"mean": frozen * frozen / (2 * duration), "max": frozen}
    return _intervals(exact, run, round(rate_per_s * seconds))


def freeze(arrivals: Times, begin: float, end: float) -> Times:
    """Return what each request waits for a server that stands still from `begin` to `end`; all in one unit of time."""
    return np.where((arrivals >= begin) & (arrivals < end), end - arrivals, 0.0)


def poisson(random: np.random.Generator, rate: float, duration: float) -> Times:
    """Draw Poisson arrivals in [0, duration), in order: their number, and then their places evenly.

    `rate` is per unit of `duration`.
    """
    return np.sort(random.uniform(0, duration, random.poisson(rate * duration)))


def _intervals(
    exact: Mapping[str, float], run: Callable[[np.random.Generator], Mapping[str, float]], n: int
) -> dict[str, Estimate]:
    random = np.random.default_rng(_SEED)
    runs = [run(random) for _ in range(_REPLICAS)]
    outside = (1 - CONFIDENCE) / 2
    found = {}
    for name, point in exact.items():
        seen = [one[name] for one in runs if name in one]
        if len(seen) < _REPLICAS:
            continue  # runs of this length do not always carry it
        low, high = np.quantile(seen, [outside, 1 - outside])
        found[name] = Estimate(point=point, low=float(low), high=float(high), confidence=CONFIDENCE, n=n)
    return found
