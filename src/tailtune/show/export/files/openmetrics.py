"""The load as OpenMetrics text 1.0, for a node exporter's text-file collector or any tool that reads it.

Latency comes as a histogram on the bounds of Prometheus' native histograms of schema 3 (eight a doubling), and the
percentiles beside it as gauges: those are the numbers that every other output prints.
"""

from collections.abc import Iterator, Mapping
from typing import IO, Final

from tailtune.model.interval import CumulativeBuckets
from tailtune.model.load import LoadReport, OperationCount, Validity
from tailtune.model.summary import LatencySummary, WindowSummary
from tailtune.show.export.load import LoadFacts

_NS_PER_S: Final = 1e9


class OpenMetrics:
    """Writes an exposition that ends with `# EOF`."""

    name = "openmetrics"
    suffixes = (".prom", ".om")
    needs_requests = False

    def write(self, facts: LoadFacts, stream: IO[bytes]) -> None:
        """Write the file."""
        window, report = facts.result.summary.measure, facts.result.report
        lines = [*_about(report), *_quantiles(window), *_lag(report), *_histogram(facts.cumulative()), *_counts(report)]
        stream.write("".join(f"{line}\n" for line in (*lines, "# EOF")).encode())


def _about(report: LoadReport) -> Iterator[str]:
    yield from _family("tailtune_load", "info", "What was played, and how.")
    about = {
        "loop": report.loop_name,
        "arrival": report.arrival,
        "protocol": report.protocol,
        "transport": report.transport,
        "schedule_sha256": report.schedule_sha256,
    }
    yield _sample("tailtune_load_info", about, 1)
    yield from _family("tailtune_load_validity", "stateset", "Whether the numbers of the load may be used.")
    for one in Validity:
        yield _sample("tailtune_load_validity", {"tailtune_load_validity": one.value}, int(one is report.validity))
    yield from _family("tailtune_load_rate", "gauge", "Requests per second, achieved and scheduled.")
    yield _sample("tailtune_load_rate", {"which": "achieved"}, report.achieved_rate_per_s)
    yield _sample("tailtune_load_rate", {"which": "scheduled"}, report.scheduled_rate_per_s)


def _quantiles(window: WindowSummary) -> Iterator[str]:
    shown = [window.latency, *window.operations]
    name = "tailtune_latency_quantile_seconds"
    yield from _family(name, "gauge", "Latency from the intended start; operation empty: all.", "seconds")
    for one in shown:
        yield from _summary(name, one)


def _summary(name: str, one: LatencySummary) -> Iterator[str]:
    for quantile in one.quantiles:
        if quantile.estimate is not None:
            labels = {"operation": one.operation, "quantile": _number(quantile.q)}
            yield _sample(name, labels, quantile.estimate.point / _NS_PER_S)
    if one.max_ns is not None:
        yield _sample(name, {"operation": one.operation, "quantile": "1.0"}, one.max_ns / _NS_PER_S)


def _lag(report: LoadReport) -> Iterator[str]:
    name = "tailtune_send_lag_seconds"
    yield from _family(name, "gauge", "Actual minus intended send.", "seconds")
    for at, value_ns in report.send_lag_ns.items():
        yield _sample(name, {"at": at}, value_ns / _NS_PER_S)


def _histogram(operations: list[CumulativeBuckets]) -> Iterator[str]:
    name = "tailtune_latency_seconds"
    yield from _family(name, "histogram", "Latency from the intended start.", "seconds")
    for one in operations:
        labels = {"operation": one.operation}
        for bound, below in zip(one.bounds_ns, one.counts, strict=True):
            yield _sample(f"{name}_bucket", labels | {"le": _number(bound / _NS_PER_S)}, below)
        yield _sample(f"{name}_bucket", labels | {"le": "+Inf"}, one.total)
        yield _sample(f"{name}_count", labels, one.total)
        yield _sample(f"{name}_sum", labels, one.sum_ns / _NS_PER_S)


def _counts(report: LoadReport) -> Iterator[str]:
    yield from _family("tailtune_errors", "counter", "Requests that failed, by how.")
    for one in report.operations:
        for kind, number in _errors(one).items():
            yield _sample("tailtune_errors_total", {"operation": one.name, "kind": kind}, number)
    yield from _family("tailtune_requests", "counter", "Requests that ended.")
    for one in report.operations:
        yield _sample("tailtune_requests_total", {"operation": one.name}, one.requests)


def _errors(one: OperationCount) -> dict[str, int]:
    return {
        "unexpected_status": one.unexpected_status,
        "unexpected_body": one.unexpected_body,
        "timeout": one.timeouts,
        "connection_error": one.connection_errors,
    }


def _family(name: str, kind: str, text: str, unit: str = "") -> Iterator[str]:
    yield f"# TYPE {name} {kind}"
    if unit:
        yield f"# UNIT {name} {unit}"
    yield f"# HELP {name} {text}"


def _sample(name: str, labels: Mapping[str, str], value: float) -> str:
    told = ",".join(f'{label}="{_escaped(text)}"' for label, text in labels.items())
    return f"{name}{{{told}}} {_number(value)}"


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")


def _number(value: float) -> str:
    return str(value) if isinstance(value, int) else repr(float(value))


EXPORT = OpenMetrics()
