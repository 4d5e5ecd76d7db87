"""The load engine's account of itself as text: the schedule, how it was kept, on what."""

from tailtune.model.load import LoadReport
from tailtune.model.units import format_ns, format_share
from tailtune.show.phrases import errors, lags
from tailtune.show.text.table import pairs
from tailtune.show.text.window import reasons
from tailtune.show.values import count, plural, rate


def engine(report: LoadReport, *, full: bool = True) -> list[str]:
    """Show whether the load may be used, why not, and how the schedule was kept; with `full` on what as well."""
    state = "" if not report.interrupted else ", interrupted"
    rows = [
        ("kept", _kept(report)),
        ("errors", errors(report.operations)),
        ("send lag", lags(report.send_lag_ns, report.sent_requests)),
        *(_account(report) if full else []),
    ]
    return [f"load: {report.validity}{state}", *reasons(report.reasons), *pairs(rows)]


def _account(report: LoadReport) -> list[tuple[str, str]]:
    return [
        ("of it timer", lags(report.timer_lag_ns, report.sent_requests)),
        ("in flight", _in_flight(report)),
        ("schedule", f"{report.loop} loop, {report.arrival}, {plural(report.scheduled_requests, 'request')}"),
        ("sha256", report.schedule_sha256),
        ("engine", _engine(report)),
    ]


def _kept(report: LoadReport) -> str:
    return (
        f"{count(report.sent_requests)} sent, {count(report.completed_requests)} completed;"
        f" {rate(report.achieved_rate_per_s)} of {rate(report.scheduled_rate_per_s)}"
    )


def _in_flight(report: LoadReport) -> str:
    return (
        f"{report.in_flight_time_average:.2f} on average (Little's law off by {format_share(report.little_error, 2)});"
        f" at most {plural(report.peak_connections, 'connection')}, {count(report.peak_client_queue)} waiting for one"
    )


def _engine(report: LoadReport) -> str:
    where = "not pinned" if report.pinned_cpu is None else f"pinned to CPU {report.pinned_cpu}"
    return (
        f"{report.scheduling}, {where}; CPU {format_ns(report.engine_cpu_ns)}"
        f" (waiting actively {format_ns(report.engine_spin_ns)});"
        f" preempted {plural(report.involuntary_switches, 'time')}"
    )
