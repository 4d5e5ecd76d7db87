"""Rate of the load."""

import math

import msgspec

from tailtune.errors import UsageError
from tailtune.model.knobs import KnobPlace
from tailtune.model.workload import Workload
from tailtune.record.knob import Plain


class Rate(Plain):
    """Replaces the workload's rate, or multiplies it."""

    name = "rate"
    help = "requests per second (sessions: starts of sessions), in place of the workload's rate"
    levels = "a number above 0; or `xF`: F times the workload's, its profile of rates too, such as `x1.5`"
    examples = ("x0.5", "x1.5")
    takes = "a workload with a rate: no trace, no closed loop"
    undo = "the load alone differs"
    place = KnobPlace.LOAD

    def check(self, level: str) -> None:
        """See `ports.Knob.check`."""
        self._number(level)

    def load(self, workload: Workload, level: str) -> Workload:
        """See `ports.Knob.load`."""
        number = self._number(level)
        if not workload.takes_rate:
            raise UsageError(f"rate={level} means nothing for the arrival {workload.arrival}", hint=self.takes)
        if not level.startswith("x"):
            return msgspec.structs.replace(workload, rate_per_s=number, profile=[])
        profile = [one.times(number) for one in workload.profile]
        return msgspec.structs.replace(workload, rate_per_s=workload.rate_per_s * number, profile=profile)

    def _number(self, level: str) -> float:
        try:
            number = float(level.removeprefix("x"))
        except ValueError:
            raise self.impossible(level) from None
        if not 0 < number < math.inf:
            raise self.impossible(level)
        return number


KNOB = Rate()
