"""What somebody expects of an experiment, `p99 < -5%`, as it is written."""

import re
from typing import Final, Self

import msgspec

from tailtune.model.condition import Comparator
from tailtune.model.verdict import Metric

_FORM: Final = re.compile(
    r"(?P<metric>[a-z][a-z0-9_. ]*?)\s*(?P<comparator>>=|<=|>|<)\s*(?P<sign>[+-]?)(?P<number>\d+(\.\d+)?)\s*%"
)
_SHORT: Final = {"cpu": Metric.CPU_PER_REQUEST, "rss": Metric.PEAK_RSS, "switches": Metric.SWITCHES}


class Expectation(msgspec.Struct, frozen=True, kw_only=True):
    """A relative change that a hypothesis expects of a metric."""

    text: str
    metric: Metric
    comparator: Comparator
    change: float
    """Relative: -0.05 is five percent less."""

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read an expectation.

        Raises:
            ValueError: if it is none; the message says what is accepted.
        """
        found = _FORM.fullmatch(" ".join(text.lower().split()))
        if found is None:
            raise ValueError(f"{text!r} is no expectation: write for example 'p99 < -5%' or 'cpu_per_request <= 0%'")
        name = found["metric"].strip().replace(" ", "_")
        metric = _SHORT.get(name) or next((one for one in Metric if one.value == name), None)
        if metric is None:
            raise ValueError(f"{text!r}: no metric is named {name!r}; there are {', '.join(Metric)}")
        change = float(f"{found['sign']}{found['number']}") / 100
        if change <= -1:
            raise ValueError(f"{text!r}: nothing can change by {change:.0%}")
        return cls(
            text=" ".join(text.split()), metric=metric, comparator=Comparator(found["comparator"]), change=change
        )
