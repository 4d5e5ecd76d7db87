"""Were all requests sent, answered and counted? The checks of a load by what became of its requests."""

from typing import Final

from tailtune.judge.distribution import Distribution
from tailtune.judge.reasons import graded, invalid, suspect
from tailtune.model.load import LoadReport, Reason
from tailtune.model.units import format_ns, format_share

RATE_TOLERANCE: Final = 0.001
LITTLE_SUSPECT: Final = 0.01
LITTLE_INVALID: Final = 0.10
ERRORS_SUSPECT: Final = 0.01
ERRORS_INVALID: Final = 0.5
CONNECTION_ERRORS_SUSPECT: Final = 0.001
"""A service that is well drops no connection: one in a thousand is a fault, not a slow answer."""
OVERLOAD: Final = "overload"
"""Reason of a load whose requests timed out while they waited for a connection."""


def nothing_completed(report: LoadReport, latency: Distribution) -> Reason | None:
    """There is no answer at all."""
    if report.completed_requests and latency.n:
        return None
    return invalid("nothing-completed", "no request was answered", "check the address and the service's own log")


def interrupted(report: LoadReport, _: Distribution) -> Reason | None:
    """The load did not run to its end."""
    if not report.interrupted:
        return None
    played = f"{report.sent_requests:,} of {report.scheduled_requests:,} requests"
    return suspect("interrupted", f"the load was stopped after {played}", "let it run to its end")


def rate(report: LoadReport, _: Distribution) -> Reason | None:
    """Scheduled requests were never sent. A closed loop has no schedule to fall behind."""
    if report.loop == "closed":
        return None
    missing = report.scheduled_requests - report.sent_requests
    if report.interrupted or missing <= max(1.0, RATE_TOLERANCE * report.scheduled_requests):
        return None
    share = format_share(missing / report.scheduled_requests, 2)
    message = f"{missing:,} of {report.scheduled_requests:,} scheduled requests ({share}) were never sent"
    if report.peak_client_queue:
        busy = f": all {report.peak_connections} connections stayed busy until the requests timed out"
        return invalid(OVERLOAD, message + busy, "the service cannot answer at this rate: lower it")
    return invalid("rate", message, "lower the rate: the load engine did not reach it")


def connection_cap(report: LoadReport, _: Distribution) -> Reason | None:
    """Requests waited for one of the allowed connections. In a closed loop that is the loop itself."""
    if not report.peak_client_queue or report.loop == "closed":
        return None
    waited = max(0.0, report.send_lag_ns.get("p99", 0.0) - report.timer_lag_ns.get("p99", 0.0))
    return suspect(
        "connection-cap",
        f"all {report.peak_connections} connections were busy: up to {report.peak_client_queue:,} requests waited in "
        f"the client, {format_ns(waited)} at p99, which their latency includes",
        "lower the rate if the service is overloaded; otherwise raise the workload's max_connections",
    )


def little(report: LoadReport, latency: Distribution) -> Reason | None:
    """Requests in flight are not rate times mean latency: some were counted wrongly. Holds in every loop."""
    error = abs(report.little_error)
    if error <= max(LITTLE_SUSPECT, 1 / max(1, latency.n)):  # one request more or less at the window's edge
        return None
    message = f"requests in flight differ by {format_share(error)} from rate times mean latency (Little's law)"
    remedy = "some requests were not accounted for; run again, and report it if it stays"
    return graded("little", message, remedy, invalid=error > LITTLE_INVALID)


def unfinished(report: LoadReport, _: Distribution) -> Reason | None:
    """Requests were sent and had no end."""
    failed = sum(count.timeouts + count.connection_errors for count in report.operations)
    unfinished = report.sent_requests - report.completed_requests - failed - report.rows_lost
    if report.interrupted or unfinished <= 0:
        return None
    message = f"{unfinished:,} of {report.sent_requests:,} requests had no end when the load stopped"
    remedy = "shorten the operations' timeout so that every request ends within the run"
    return graded("unfinished", message, remedy, invalid=unfinished > max(1.0, RATE_TOLERANCE * report.sent_requests))


def errors(report: LoadReport, _: Distribution) -> Reason | None:
    """Requests failed."""
    kinds = {
        "an unexpected status": sum(count.unexpected_status for count in report.operations),
        "an unexpected body": sum(count.unexpected_body for count in report.operations),
        "no answer in time": sum(count.timeouts for count in report.operations),
        "a connection error": sum(count.connection_errors for count in report.operations),
    }
    share = sum(kinds.values()) / _ended(report)
    if share <= ERRORS_SUSPECT:
        return None
    listed = ", ".join(f"{count:,} with {kind}" for kind, count in kinds.items() if count)
    message = f"{format_share(share)} of the requests failed: {listed}"
    remedy = "compare one request by hand (`curl -i`), and see the service's log"
    return graded("errors", message, remedy, invalid=share > ERRORS_INVALID)


def connection_errors(report: LoadReport, _: Distribution) -> Reason | None:
    """Connections were refused or broken; told apart from other failures, for it takes fewer to be a fault."""
    broken = sum(count.connection_errors for count in report.operations)
    failed = sum(count.errors for count in report.operations)
    if failed > ERRORS_SUSPECT * _ended(report):  # `errors` tells of them
        return None
    if broken <= max(1.0, CONNECTION_ERRORS_SUSPECT * _ended(report)):
        return None
    share = format_share(broken / _ended(report), 2)
    return suspect(
        "connection-errors",
        f"the connection of {broken:,} requests ({share}) was refused or broken before the answer was complete",
        "see the service's log for crashes, limits and idle time-outs; what failed early makes latencies look better",
    )


def rows_lost(report: LoadReport, _: Distribution) -> Reason | None:
    """Requests ended that no figure contains."""
    if not report.rows_lost:
        return None
    share = report.rows_lost / max(1, report.sent_requests)
    return graded(
        "rows-lost",
        f"{report.rows_lost:,} ended requests ({format_share(share, 2)}) are in no figure: the recorder fell behind",
        "leave the recorder some CPU time: stop other programs, or lower the rate",
        invalid=share > RATE_TOLERANCE,
    )


def server_count(report: LoadReport, _: Distribution) -> Reason | None:
    """The server counted fewer requests than it answered, or more than were sent."""
    counted = report.server_requests
    if counted is None or report.completed_requests <= counted <= report.sent_requests:
        return None
    off = max(report.completed_requests - counted, counted - report.sent_requests)
    return graded(
        "server-count",
        f"the server counted {counted:,} requests, the load engine sent {report.sent_requests:,} and got "
        f"{report.completed_requests:,} answers",
        "make sure that nobody else sends to this server meanwhile, and nothing stands between that retries",
        invalid=off > max(1.0, RATE_TOLERANCE * report.sent_requests),
    )


def _ended(report: LoadReport) -> int:
    """Return how many requests had an end or at least were sent; at least 1."""
    return max(1, report.sent_requests, sum(count.requests for count in report.operations))
