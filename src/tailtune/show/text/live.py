"""The live line of a load: one second on 80 columns."""

from tailtune.model.live import LiveSecond
from tailtune.model.load import Reason
from tailtune.model.units import format_ns
from tailtune.show.values import count


def live_line(one: LiveSecond) -> str:
    """Show rate, latency, lag, errors and validity of one second."""
    lag = "" if one.lag_p99_ns is None else f"lag {format_ns(one.lag_p99_ns):>7}"
    parts = [
        f"{one.elapsed_s:>4.0f}/{one.total_s:.0f} s",
        f"{count(one.rate_per_s):>7}/s",
        f"p50 {format_ns(one.p50_ns):>7}",
        f"p99 {format_ns(one.p99_ns):>7}",
        lag,
        f"{count(one.errors)} err",
        f"{count(one.in_flight)} in flight",
        str(one.validity),
    ]
    return " ".join(part for part in parts if part)


def live_reason(reason: Reason) -> str:
    """Name a failing check with what helps."""
    return f"{reason.validity} {reason.code}: {reason.message}; {reason.remedy}"
