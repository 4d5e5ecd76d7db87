"""Where the time of requests goes, in a report."""

from typing import Final

from tailtune.model.request_parts import Band, Place, RequestBands
from tailtune.model.units import format_ns, format_share
from tailtune.show.markdown.blocks import code, escaped, table
from tailtune.show.values import count, plural, with_interval

_SHOWN: Final = 5
"""Parts of the slowest band that are named."""
_WORTH_A_ROW: Final = 0.005


def bands(found: RequestBands | None) -> str:
    """Return computing against waiting by percentile, and the largest parts of the slowest; empty: not recorded."""
    if found is None or not found.bands:
        return ""
    slowest = found.bands[-1]
    blocks = [
        "### Where the time of requests goes",
        table(
            ["requests", "number", "each", "computing", "waiting", "not known"],
            list(map(_row, found.bands)),
            right=(1, 2),
        ),
        f"Largest parts of those {escaped(slowest.name)}:",
        _parts(slowest),
        f"Of the {found.window} window: {count(found.divided)} of {plural(found.requests, 'request')} divided"
        f"{_slowest(slowest)}.",
    ]
    return "\n\n".join(blocks)


def _row(band: Band) -> list[str]:
    kinds = (band.computing, band.waiting, band.unknown)
    shares = [with_interval(one, format_share) for one in kinds]
    return [escaped(band.name), count(band.requests), format_ns(band.mean_ns), *shares]


def _parts(band: Band) -> str:
    rows = [
        [
            escaped(one.part),
            str(one.kind),
            format_ns(one.mean_ns),
            with_interval(one.share, format_share),
            _places(one.part, one.places),
        ]
        for one in band.parts[:_SHOWN]
        if one.share.point >= _WORTH_A_ROW
    ]
    return table(["part", "", "each", "share of their latency", "seen in"], rows, right=(2,))


def _places(part: str, places: list[Place]) -> str:
    named = ", ".join(f"{code(one.function)} {format_share(one.share, 0)}" for one in places)
    return f"meanwhile, that CPU ran {named}" if named and part.endswith("runnable") else named


def _slowest(band: Band) -> str:
    return f"; slowest: {', '.join(map(code, band.examples))}" if band.examples else ""
