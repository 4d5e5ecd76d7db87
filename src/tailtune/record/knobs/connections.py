"""Connections of the load."""

import msgspec

from tailtune.model.knobs import KnobPlace
from tailtune.model.workload import Arrival, Workload
from tailtune.record.knob import Plain


class Connections(Plain):
    """Sets how many connections there are: in a closed loop all send, else it is the most there may be."""

    name = "connections"
    help = "closed loop: how many connections send at once; else the most that may be open, beyond which requests queue"
    levels = "a whole number from 1"
    examples = ("1", "16")
    takes = "nothing"
    undo = "the load alone differs"
    place = KnobPlace.LOAD

    def check(self, level: str) -> None:
        """See `ports.Knob.check`."""
        if not level.isdecimal() or int(level) < 1:
            raise self.impossible(level)

    def load(self, workload: Workload, level: str) -> Workload:
        """See `ports.Knob.load`."""
        if workload.arrival is Arrival.CLOSED:
            return msgspec.structs.replace(workload, connections=int(level))
        return msgspec.structs.replace(workload, max_connections=int(level))


KNOB = Connections()
