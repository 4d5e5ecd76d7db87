"""The self-checks that can be made while a load still runs, second by second.

They warn early. What may be believed is judged once the load has ended, by everything (`judge.validity`).
"""

import math
from typing import Final

import msgspec

from tailtune.judge.generator import LAG_INVALID, LAG_SUSPECT, STEAL_SUSPECT
from tailtune.judge.reasons import graded, suspect
from tailtune.judge.requests import ERRORS_SUSPECT
from tailtune.judge.validity import worst
from tailtune.model.live import LiveSecond
from tailtune.model.load import HostAccount, Reason
from tailtune.model.units import format_ns, format_share

_FEWEST_ENDED: Final = 730
"""Fewer in a second give no p99 to set the lag against: a single late start would decide."""
_BEHIND: Final = 0.01
_DEVIATIONS: Final = 5.0
"""Of a Poisson count: how far chance alone lets the number of starts fall behind."""
_TICKS_SHARE: Final = 0.03
"""Steal comes in ticks of 10 ms: three in a second are more than rounding."""


class LiveFacts(msgspec.Struct, frozen=True, kw_only=True):
    """What the engine tells of one second, or of what is left of it."""

    elapsed_s: float
    seconds: float
    sent: int
    sent_in_all: int
    completed: int
    errors: int
    p50_ns: float
    p99_ns: float
    lag_p99_ns: float
    in_flight: int


class LiveLoad(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of a load before it runs."""

    total_s: float
    rate_per_s: float | None
    """Even rate of the schedule; absent where it changes, or answers decide when requests start."""
    max_in_flight: int | None
    """Requests that fit on the connections allowed; absent where one carries many, or where all are always busy."""
    closed: bool
    sessions: bool = False
    """Requests wait for answers of their session, which is no lateness of the engine's."""


def judge_second(load: LiveLoad, one: LiveFacts, host: HostAccount | None) -> LiveSecond:
    """Judge one second.

    Args:
        load: what is played.
        one: the second.
        host: what the machine took from the engine in it.
    """
    full = load.max_in_flight is not None and one.in_flight >= load.max_in_flight
    failing = _errors(one)
    checks = (
        _cap(load, one) if full else _lag(load, one),
        failing,
        _behind(load, one) if failing is None else None,  # what cannot connect is not sent either
        _steal(host),
        _quota(host),
    )
    reasons = [reason for reason in checks if reason is not None]
    return LiveSecond(
        elapsed_s=one.elapsed_s,
        total_s=load.total_s,
        rate_per_s=one.sent / max(one.seconds, 1e-9),
        p50_ns=one.p50_ns,
        p99_ns=one.p99_ns,
        lag_p99_ns=None if load.closed else one.lag_p99_ns,
        errors=one.errors,
        in_flight=one.in_flight,
        reasons=reasons,
        validity=worst(reason.validity for reason in reasons),
    )


def _cap(load: LiveLoad, one: LiveFacts) -> Reason:
    return suspect(
        "connection-cap",
        f"{one.in_flight:,} requests are under way or wait, on {load.max_in_flight:,} connections allowed",
        "lower the rate if the service is overloaded; otherwise raise --max-connections",
    )


def _lag(load: LiveLoad, one: LiveFacts) -> Reason | None:
    ended = one.completed + one.errors
    if load.closed or load.sessions or ended < _FEWEST_ENDED or one.lag_p99_ns <= LAG_SUSPECT * one.p99_ns:
        return None
    return graded(
        "send-lag",
        f"requests leave late: {format_ns(one.lag_p99_ns)} at p99, of a p99 of {format_ns(one.p99_ns)}",
        "permit real-time priority (see `tailtune doctor`), or give the engine a CPU of its own",
        invalid=one.lag_p99_ns > LAG_INVALID * one.p99_ns,
    )


def _errors(one: LiveFacts) -> Reason | None:
    ended = max(one.sent, one.completed, one.errors)
    if one.errors <= max(1.0, ERRORS_SUSPECT * ended):
        return None
    return suspect(
        "errors",
        f"{one.errors:,} of {ended:,} requests failed within a second",
        "compare one request by hand (`curl -i`), and see the service's log",
    )


def _behind(load: LiveLoad, one: LiveFacts) -> Reason | None:
    if load.rate_per_s is None:
        return None
    due = load.rate_per_s * min(one.elapsed_s, load.total_s)
    missing = due - one.sent_in_all
    if missing <= max(_DEVIATIONS * math.sqrt(due), _BEHIND * due, 1.0):
        return None
    share = format_share(missing / due)
    return graded("rate", f"{missing:,.0f} starts ({share}) behind the schedule", "lower the rate", invalid=True)


def _steal(host: HostAccount | None) -> Reason | None:
    if host is None or host.steal_share <= max(STEAL_SUSPECT, _TICKS_SHARE):
        return None
    share = format_share(host.steal_share)
    return suspect(
        "steal", f"the hypervisor took {share} of the engine's CPU time", "run again when the host is quieter"
    )


def _quota(host: HostAccount | None) -> Reason | None:
    if host is None or not host.throttled_periods:
        return None
    stopped = format_ns(host.throttled_ns)
    return suspect(
        "throttled",
        f"the CPU quota stopped the engine's control group for {stopped}",
        "raise the quota of the container",
    )
