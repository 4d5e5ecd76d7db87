"""Options of the commands that make experiments."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Final

from cyclopts import Group, Parameter

from tailtune.cli.options import DurationOption, Positive, Selection
from tailtune.model.asked import Asked
from tailtune.model.units import NS_PER_S, Duration
from tailtune.model.verdict import Metric

_GROUP: Final = Group("Experiment", sort_key=50)
_MOST_EPOCHS: Final = 80
_BUDGET: Final = Duration(15 * 60 * NS_PER_S)
_SLICE: Final = Duration(2 * NS_PER_S)


@Parameter(name="*", group=_GROUP)
@dataclass(frozen=True, kw_only=True)
class Experimenting:
    """How long an experiment may take, and how its epochs look."""

    epochs: Annotated[int | None, Positive] = None
    """Most restarts of the variants, the units of the verdict; at least 6 decide something, 80 by default."""
    budget: DurationOption = _BUDGET
    """Most time for epochs; what is undecided then stays so, and `--resume` goes on."""
    decide: Annotated[list[Metric] | None, Parameter(negative="")] = None
    """Go on until these metrics are decided, in place of the usual ones. Repeatable."""
    slice_duration: DurationOption = _SLICE
    """Length of one slice of load."""
    slices: Annotated[int, Positive] = 4
    """Slices of an epoch, for a candidate and the baseline together; a multiple of four."""
    saturation: Annotated[int | None, Positive] = None
    """Measure the throughput, too, in a closed loop on so many connections."""
    answers: bool = True
    """Compare what the variants answer to the same requests."""
    gates: bool = True
    """Run the gates of tailtune.toml."""
    probe: bool = True
    """First load the baseline against itself, about 20 s, to tell how long a decision takes."""


AS_USUAL: Final = Experimenting()


def asked(
    options: Experimenting, selection: Selection, deciding: Sequence[Metric], because: str, expectations: list[str]
) -> Asked:
    """Return what the options ask of an experiment.

    Args:
        options: of the experiment.
        selection: of the configuration.
        deciding: metrics that it goes on for, unless the options name others.
        because: the hypothesis.
        expectations: what it expects, whose metrics are decided as well.
    """
    return Asked(
        workload=selection.workload,
        epochs=options.epochs or _MOST_EPOCHS,
        budget=options.budget,
        slice_duration=options.slice_duration,
        slices=options.slices,
        deciding=list(options.decide or deciding),
        rate=selection.rate,
        seed=selection.seed,
        probe=options.probe,
        answers=options.answers,
        gates=options.gates,
        saturation=options.saturation or 0,
        because=because,
        expectations=expectations,
    )
