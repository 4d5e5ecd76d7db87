"""The load engine judged: may its numbers be used, and if not, why and what helps.

Each check gives at most one reason. Checks are scaled so that a run of few requests does not
fail on its own granularity.
"""

from collections.abc import Callable, Iterable
from typing import Final

import msgspec

from tailtune.judge.distribution import Distribution
from tailtune.model.load import LoadReport, Reason, Validity
from tailtune.model.units import format_ns, format_share

RATE_TOLERANCE: Final = 0.001
LAG_SUSPECT: Final = 0.05
LAG_INVALID: Final = 0.5
"""Beyond half, the tail is the generator's rather than the service's."""
LITTLE_SUSPECT: Final = 0.01
LITTLE_INVALID: Final = 0.10
CPU_SUSPECT: Final = 0.8
CPU_INVALID: Final = 0.97
RUN_DELAY_SUSPECT: Final = 0.01
DISTURBED_SUSPECT: Final = 0.01
"""Share of requests that an involuntary switch may have touched: beyond it, the p99."""
ERRORS_SUSPECT: Final = 0.01
ERRORS_INVALID: Final = 0.5
OVERLOAD: Final = "overload"
"""Reason of a load whose requests timed out while they waited for a connection."""
_FEW: Final = 10
"""Switches that any machine shows."""

_ORDER: Final = (Validity.VALID, Validity.SUSPECT, Validity.INVALID)


def assess(report: LoadReport, latency: Distribution) -> LoadReport:
    """Return the report with its validity and the reasons.

    Args:
        report: the engine's account.
        latency: of all requests of the same load, ns.
    """
    reasons = [reason for check in _CHECKS if (reason := check(report, latency)) is not None]
    return msgspec.structs.replace(report, validity=worst(reason.validity for reason in reasons), reasons=reasons)


def worst(validities: Iterable[Validity]) -> Validity:
    """Return the worst of the validities, VALID for none."""
    return max(validities, key=_ORDER.index, default=Validity.VALID)


def _nothing_completed(report: LoadReport, latency: Distribution) -> Reason | None:
    if report.completed_requests and latency.n:
        return None
    return _invalid("nothing-completed", "no request was answered", "check the address and the service's own log")


def _interrupted(report: LoadReport, _: Distribution) -> Reason | None:
    if not report.interrupted:
        return None
    played = f"{report.sent_requests:,} of {report.scheduled_requests:,} requests"
    return _suspect("interrupted", f"the load was stopped after {played}", "let it run to its end")


def _rate(report: LoadReport, _: Distribution) -> Reason | None:
    missing = report.scheduled_requests - report.sent_requests
    if report.interrupted or missing <= max(1.0, RATE_TOLERANCE * report.scheduled_requests):
        return None
    share = format_share(missing / report.scheduled_requests, 2)
    message = f"{missing:,} of {report.scheduled_requests:,} scheduled requests ({share}) were never sent"
    if report.peak_client_queue:
        busy = f": all {report.peak_connections} connections stayed busy until the requests timed out"
        return _invalid(OVERLOAD, message + busy, "the service cannot answer at this rate: lower it")
    return _invalid("rate", message, "lower the rate: the load engine did not reach it")


def _send_lag(report: LoadReport, latency: Distribution) -> Reason | None:
    lag = report.timer_lag_ns.get("p99", 0.0)
    tail = latency.quantile(0.99) if latency.n else 0.0
    if not tail or lag <= LAG_SUSPECT * tail:
        return None
    message = (
        f"the engine itself sent late: {format_ns(lag)} at p99, "
        f"{format_share(lag / tail, 0)} of the reported p99 of {format_ns(tail)}"
    )
    remedy = "permit real-time priority (see `tailtune doctor`), or give the engine a CPU of its own"
    return _invalid("send-lag", message, remedy) if lag > LAG_INVALID * tail else _suspect("send-lag", message, remedy)


def _connection_cap(report: LoadReport, _: Distribution) -> Reason | None:
    if not report.peak_client_queue:
        return None
    waited = max(0.0, report.send_lag_ns.get("p99", 0.0) - report.timer_lag_ns.get("p99", 0.0))
    return _suspect(
        "connection-cap",
        f"all {report.peak_connections} connections were busy: up to {report.peak_client_queue:,} requests waited in "
        f"the client, {format_ns(waited)} at p99, which their latency includes",
        "lower the rate if the service is overloaded; otherwise raise the workload's max_connections",
    )


def _little(report: LoadReport, latency: Distribution) -> Reason | None:
    error = abs(report.little_error)
    if error <= max(LITTLE_SUSPECT, 1 / max(1, latency.n)):  # one request more or less at the window's edge
        return None
    message = f"requests in flight differ by {format_share(error)} from rate times mean latency (Little's law)"
    remedy = "some requests were not accounted for; run again, and report it if it stays"
    return _invalid("little", message, remedy) if error > LITTLE_INVALID else _suspect("little", message, remedy)


def _engine_cpu(report: LoadReport, _: Distribution) -> Reason | None:
    share = max(0, report.engine_cpu_ns - report.engine_spin_ns) / max(1, report.elapsed_ns)
    if share <= CPU_SUSPECT:
        return None
    message = f"the load engine itself was busy for {format_share(share, 0)} of the time, waiting aside"
    remedy = "lower the rate, or use a machine with faster cores"
    return _invalid("engine-cpu", message, remedy) if share > CPU_INVALID else _suspect("engine-cpu", message, remedy)


def _disturbed(report: LoadReport, _: Distribution) -> Reason | None:
    switches = report.involuntary_switches
    if switches <= max(_FEW, DISTURBED_SUSPECT * report.sent_requests):
        return None
    return _suspect(
        "involuntary-switches",
        f"the load engine was taken off its CPU {switches:,} times in {report.sent_requests:,} requests",
        "stop other programs on this machine, or permit real-time priority (see `tailtune doctor`)",
    )


def _run_delay(report: LoadReport, _: Distribution) -> Reason | None:
    share = report.run_delay_ns / max(1, report.elapsed_ns)
    if share <= RUN_DELAY_SUSPECT:
        return None
    return _suspect(
        "run-delay",
        f"the load engine waited for a CPU during {format_share(share)} of the time",
        "stop other programs on this machine, or permit real-time priority (see `tailtune doctor`)",
    )


def _unfinished(report: LoadReport, _: Distribution) -> Reason | None:
    failed = sum(count.timeouts + count.connection_errors for count in report.operations)
    unfinished = report.sent_requests - report.completed_requests - failed
    if report.interrupted or unfinished <= 0:
        return None
    message = f"{unfinished:,} of {report.sent_requests:,} requests had no end when the load stopped"
    remedy = "shorten the operations' timeout so that every request ends within the run"
    if unfinished > max(1.0, RATE_TOLERANCE * report.sent_requests):
        return _invalid("unfinished", message, remedy)
    return _suspect("unfinished", message, remedy)


def _errors(report: LoadReport, _: Distribution) -> Reason | None:
    kinds = {
        "an unexpected status": sum(count.unexpected_status for count in report.operations),
        "no answer in time": sum(count.timeouts for count in report.operations),
        "a connection error": sum(count.connection_errors for count in report.operations),
    }
    share = sum(kinds.values()) / max(1, report.sent_requests, sum(count.requests for count in report.operations))
    if share <= ERRORS_SUSPECT:
        return None
    listed = ", ".join(f"{count:,} with {kind}" for kind, count in kinds.items() if count)
    message = f"{format_share(share)} of the requests failed: {listed}"
    remedy = "compare one request by hand (`curl -i`), and see the service's log"
    return _invalid("errors", message, remedy) if share > ERRORS_INVALID else _suspect("errors", message, remedy)


def _suspect(code: str, message: str, remedy: str) -> Reason:
    return Reason(code=code, validity=Validity.SUSPECT, message=message, remedy=remedy)


def _invalid(code: str, message: str, remedy: str) -> Reason:
    return Reason(code=code, validity=Validity.INVALID, message=message, remedy=remedy)


_CHECKS: Final[tuple[Callable[[LoadReport, Distribution], Reason | None], ...]] = (
    _nothing_completed,
    _interrupted,
    _rate,
    _send_lag,
    _connection_cap,
    _little,
    _engine_cpu,
    _disturbed,
    _run_delay,
    _unfinished,
    _errors,
)
