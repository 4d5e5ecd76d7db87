"""The load engine's account of itself as text: the schedule, how it was kept, on what."""

from tailtune.model.load import LoadReport
from tailtune.model.units import format_ns, format_share
from tailtune.show.phrases import errors, lags, loop
from tailtune.show.text.table import pairs
from tailtune.show.text.window import reasons
from tailtune.show.values import count, plural, rate


def engine(report: LoadReport, *, full: bool = True) -> list[str]:
    """Show whether the load may be used, why not, and how the schedule was kept; with `full` on what as well."""
    state = "" if not report.interrupted else ", interrupted"
    rows = [
        ("loop", loop(report)),
        ("kept", _kept(report)),
        ("errors", errors(report.operations)),
        ("send lag", _send_lag(report)),
        *(_account(report) if full else []),
    ]
    return [f"load: {report.validity}{state}", *reasons(report.reasons), *pairs(rows)]


def _account(report: LoadReport) -> list[tuple[str, str]]:
    return [
        ("of it timer", "" if report.loop == "closed" else lags(report.timer_lag_ns, report.sent_requests)),
        ("in flight", _in_flight(report)),
        ("protocol", f"{report.protocol} over {report.transport}"),
        ("schedule", "" if report.loop == "closed" else plural(report.scheduled_requests, "request")),
        ("sha256", report.schedule_sha256),
        ("engine", _engine(report)),
        ("pacing", _pacing(report)),
        ("machine", _machine(report)),
    ]


def _kept(report: LoadReport) -> str:
    sent = f"{count(report.sent_requests)} sent, {count(report.completed_requests)} completed;"
    if report.loop == "closed":
        return f"{sent} {rate(report.achieved_rate_per_s)}"
    return f"{sent} {rate(report.achieved_rate_per_s)} of {rate(report.scheduled_rate_per_s)}"


def _send_lag(report: LoadReport) -> str:
    if report.loop == "closed":
        return "none: in a closed loop a request is due when it is sent"
    return lags(report.send_lag_ns, report.sent_requests)


def _in_flight(report: LoadReport) -> str:
    return (
        f"{report.in_flight_time_average:.2f} on average (Little's law off by {format_share(report.little_error, 2)});"
        f" at most {plural(report.peak_connections, 'connection')}, {count(report.peak_client_queue)} waiting for one"
    )


def _engine(report: LoadReport) -> str:
    where = "not pinned" if report.pinned_cpu is None else f"pinned to CPU {report.pinned_cpu}"
    if report.threads > 1:
        where = "each on a CPU of its own" if report.pinned_cpu is not None else where
    return (
        f"{plural(report.threads, 'thread')}, {report.scheduling}, {where};"
        f" preempted {plural(report.involuntary_switches, 'time')}"
    )


def _pacing(report: LoadReport) -> str:
    """Say how the engine waits, and what that costs besides the work itself."""
    mode = f"{report.pacing}; " if report.pacing else ""
    return f"{mode}CPU {format_ns(report.engine_cpu_ns)}, of it waiting actively {format_ns(report.engine_spin_ns)}"


def _machine(report: LoadReport) -> str:
    host = report.host
    if host is None:
        return ""
    throttled = f"{format_ns(host.throttled_ns)} in {plural(host.throttled_periods, 'period')}"
    quota = f"stopped by its CPU quota for {throttled}" if host.throttled_periods else "not stopped by a CPU quota"
    return f"{format_share(host.steal_share)} of the engine's CPU time stolen; {quota}"
