"""Mix of the load: how often each operation comes."""

import math

import msgspec

from tailtune.errors import UsageError
from tailtune.model.knobs import KnobPlace
from tailtune.model.workload import Arrival, Workload
from tailtune.record.knob import Pairs


class Mix(Pairs):
    """Replaces weights of operations."""

    name = "mix"
    help = "relative frequencies of the workload's operations; operations that are not named keep theirs"
    levels = "`operation=weight` with commas between, such as `read=9,write=1`; 0 leaves an operation out"
    examples = ("get=9,put=1", "get=1,put=1")
    takes = "a workload whose operations are drawn by weight: no trace; the operations of the examples are invented"
    undo = "the load alone differs"
    place = KnobPlace.LOAD

    def check(self, level: str) -> None:
        """See `ports.Knob.check`."""
        self._weights(level)

    def load(self, workload: Workload, level: str) -> Workload:
        """See `ports.Knob.load`."""
        weights = self._weights(level)
        names = [one.name for one in workload.operations]
        if unknown := sorted(weights.keys() - set(names)):
            raise UsageError(
                f"mix={level}: the workload has no operation {unknown[0]!r}", hint=f"it has {', '.join(names)}"
            )
        if workload.arrival is Arrival.TRACE:
            raise UsageError(f"mix={level} means nothing for a trace: it says itself what comes when")
        changed = [
            msgspec.structs.replace(one, weight=weights.get(one.name, one.weight)) for one in workload.operations
        ]
        left = [one for one in changed if one.weight > 0]
        if not left:
            raise UsageError(f"mix={level} leaves no operation")
        return msgspec.structs.replace(workload, operations=left)

    def _weights(self, level: str) -> dict[str, float]:
        try:
            weights = {name: float(weight) for name, weight in self.pairs(level).items()}
        except ValueError:
            raise self.impossible(level) from None
        if not all(0 <= weight < math.inf for weight in weights.values()):
            raise self.impossible(level)
        return weights


KNOB = Mix()
