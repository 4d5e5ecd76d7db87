"""How late this machine wakes a thread, measured by the native core on a thread of its own."""

import msgspec

from tailtune import _native
from tailtune.errors import NativeError
from tailtune.model.doctor import TimerError


class Timers(msgspec.Struct, frozen=True, kw_only=True):
    """What was measured."""

    clock_cost_ns: float
    """Mean time of one clock reading; 0: not measured."""
    rows: list[TimerError]
    warnings: list[str]
    """What was not permitted or went wrong."""


def measure_timers(seconds: float, cpu: int) -> Timers:
    """Measure every way of waiting, with and without real-time priority, for about `seconds` on one CPU."""
    try:
        answer = _native.timer_error(seconds, cpu)
    except (NativeError, OSError) as error:
        return Timers(clock_cost_ns=0.0, rows=[], warnings=[str(error)])
    return msgspec.json.decode(answer, type=Timers)
