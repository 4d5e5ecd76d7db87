"""What an experiment says after each epoch: verdicts so far, whether to go on, how long it may take."""

from collections.abc import Sequence
from pathlib import Path
from typing import Final

import pyarrow as pa

from tailtune.bundle.reader import Bundle
from tailtune.errors import NothingMeasuredError
from tailtune.judge.comparison import compare
from tailtune.judge.forecast import forecast
from tailtune.judge.sequential import FEWEST
from tailtune.model.recording import Design, Forecast
from tailtune.model.units import NS_PER_S
from tailtune.model.verdict import Comparison, Metric, MetricVerdict
from tailtune.record.ports import ForecastOf, Look, Progress
from tailtune.show.looking import forecast_lines, look_line

_PATIENCE: Final = 3.0
"""A candidate is given up when a decision needs so many times the time that is left."""
_FEWEST_TO_GIVE_UP: Final = 2 * FEWEST


class Looker:
    """Looks at an experiment's candidates; the bounds of the judgement pay for every look."""

    def __init__(self, deciding: Sequence[Metric], *, give_up: bool = False) -> None:
        """Go on until all `deciding` metrics are decided; `give_up`: or cannot be in the time that is left."""
        self._deciding = deciding
        self._give_up = give_up

    def __call__(self, path: Path, seconds_left: float) -> Look:
        """Judge the recording so far; see `ports.LookAt`."""
        bundle = Bundle.open(path)
        _, *candidates = bundle.manifest.variants
        try:
            seen = {name: compare(bundle, name) for name in candidates}
        except NothingMeasuredError:
            return Look(text="", going=candidates)
        going = [name for name, one in seen.items() if not self._finished(one, seconds_left)]
        text = "\n".join(look_line(one, self._deciding, several=len(seen) > 1) for one in seen.values())
        why = "all candidates are decided or given up" if self._give_up else "all that was asked is decided"
        return Look(text=text, going=going, why=why)

    def _finished(self, comparison: Comparison, seconds_left: float) -> bool:
        left = [one for one in comparison.metrics if one.metric in self._deciding and not _decided(one)]
        return not left or (self._give_up and all(_hopeless(one, comparison, seconds_left) for one in left))


def foreteller(design: Design, progress: Progress) -> ForecastOf:
    """Return what tells, from the tables of a probe, how long the experiment will take; it says so to `progress`."""

    def foretell(tables: dict[str, pa.Table], epoch_seconds: float) -> list[Forecast]:
        found = forecast(tables, design.pairs, design.slice_ns / NS_PER_S, epoch_seconds)
        told = [one for one in found if one.metric in design.deciding]
        for line in forecast_lines(told, design.budget_ns / NS_PER_S):
            progress.note(line)
        return found

    return foretell


def _decided(answer: MetricVerdict) -> bool:
    return answer.decided_at is not None  # also where an improvement is withheld: more epochs would not change it


def _hopeless(answer: MetricVerdict, comparison: Comparison, seconds_left: float) -> bool:
    """Whether a decision would take far longer than there is time; a refusal may still go away."""
    if comparison.epochs < _FEWEST_TO_GIVE_UP or answer.verdict.is_refusal or not seconds_left:
        return False
    if answer.epochs_needed is None:
        return answer.ratio is not None
    more = (answer.epochs_needed - comparison.epochs) * (comparison.epoch_seconds or 0.0)
    return more > _PATIENCE * seconds_left
