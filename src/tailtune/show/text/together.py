"""What slow requests came together with, as text."""

from collections.abc import Sequence

from tailtune.model.overlap import SeenTogether
from tailtune.model.units import format_share
from tailtune.show.text.table import table
from tailtune.show.values import count, with_interval


def together(found: Sequence[SeenTogether]) -> list[str]:
    """Show each kind of event with its lift over chance; nothing where nothing was looked at."""
    if not found:
        return []
    rows = [
        (
            one.event,
            count(one.events),
            format_share(one.together.point, 0),
            format_share(one.chance, 0),
            with_interval(one.lift, lambda lift: f"{lift:.1f}"),
            "" if one.is_beyond_chance else "chance will do",
        )
        for one in found
    ]
    header = ["event", "events", "in flight", "by chance", "lift", ""]
    return [
        "requests above p99 and what happened meanwhile: seen together, not proved",
        *table(rows, header=header, right=(1, 2, 3)),
    ]
