"""What the costly collectors of the diagnose window cost: its figures over those of the measure window."""

import math
from typing import Final

from tailtune.model.estimate import Estimate
from tailtune.model.load import Validity
from tailtune.model.summary import DiagnosingCost, WindowSummary

_P50: Final = 0.5
_P99: Final = 0.99


def diagnosing_cost(measure: WindowSummary, diagnose: WindowSummary | None) -> DiagnosingCost | None:
    """Return what diagnosing cost; None where there was no diagnose window.

    The windows follow one another on the same service under the same workload, each with a draw of its own. So what
    the machine did otherwise meanwhile is in the ratios as well, and their intervals tell of the scatter within the
    windows, not of what differs between any two.
    """
    if diagnose is None:
        return None
    for one in (measure, diagnose):
        if one.validity is Validity.INVALID:
            why = f"the load of the window {one.window} is INVALID"
            return DiagnosingCost(cpu_per_request=None, p50=None, p99=None, unknown=why)
    spent = [one.cpu.per_request_ns if one.cpu else None for one in (measure, diagnose)]
    found = DiagnosingCost(
        cpu_per_request=ratio_of(*spent),
        p50=ratio_of(_quantile(measure, _P50), _quantile(diagnose, _P50)),
        p99=ratio_of(_quantile(measure, _P99), _quantile(diagnose, _P99)),
    )
    if found.cpu_per_request or found.p50 or found.p99:
        return found
    return DiagnosingCost(cpu_per_request=None, p50=None, p99=None, unknown="there are too few requests to compare")


def ratio_of(below: Estimate | None, above: Estimate | None) -> Estimate | None:
    """Return `above` over `below`, two independent estimates of positive quantities; None where there is no ratio.

    The bounds are recovered from those of both on the scale of logarithms, where each bound's distance from its point
    counts squared (MOVER: Zou and Donner, Statistics in Medicine 27, 2008). One that either estimate lacks, or that
    is not above 0, is absent.
    """
    if below is None or above is None or below.point <= 0 or above.point <= 0:
        return None
    point = above.point / below.point
    down = _distance(_shrunk(above), _grown(below))
    up = _distance(_grown(above), _shrunk(below))
    return Estimate(
        point=point,
        low=None if down is None else point * math.exp(-down),
        high=None if up is None else point * math.exp(up),
        confidence=min(below.confidence, above.confidence),
        n=min(below.n, above.n),
    )


def _shrunk(one: Estimate) -> float | None:
    return math.log(one.point / one.low) if one.low is not None and one.low > 0 else None


def _grown(one: Estimate) -> float | None:
    return math.log(one.high / one.point) if one.high is not None else None


def _distance(first: float | None, second: float | None) -> float | None:
    return None if first is None or second is None else math.hypot(first, second)


def _quantile(window: WindowSummary, q: float) -> Estimate | None:
    return next((one.estimate for one in window.latency.quantiles if one.q == q), None)
