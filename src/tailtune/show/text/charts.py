"""Percentile curve and heat map of latency over time, drawn in text of at most 76 columns.

Both are drawn from points and cells that were computed with the summary: where a mark goes is decided here, what it
stands for is not.
"""

import math
from collections.abc import Sequence
from typing import Final

from tailtune.model.summary import CurvePoint, HeatMap, WindowSummary
from tailtune.model.units import format_ns, format_quantile
from tailtune.show.text.glyphs import glyphs
from tailtune.show.values import count

_HEIGHT: Final = 10
_WIDTH: Final = 60
_FEWEST_POINTS: Final = 8
_WIDEST_CELL: Final = 6
_NAMED: Final = (0.5, 0.9, 0.99, 0.999, 0.9999)
_LABEL: Final = 10


def charts(window: WindowSummary) -> list[list[str]]:
    """Draw what the requests of a window carry; each chart is a section of a page."""
    return [curve(window.curve), heat_map(window.heat_map)]


def curve(points: Sequence[CurvePoint]) -> list[str]:
    """Draw latency and service time by percentile, both axes logarithmic; nothing for too few points."""
    if len(points) < _FEWEST_POINTS:
        return []
    marks = glyphs()
    values = [value for one in points for value in (one.latency_ns, one.service_ns) if value]
    low, high = min(values, default=1.0), max(values, default=1.0)
    grid = [[" "] * len(points) for _ in range(_HEIGHT)]
    for column, one in enumerate(points):
        for value, mark in ((one.service_ns, marks.second), (one.latency_ns, marks.first)):
            if value:
                grid[_row(value, low, high)][column] = mark
    labels = {row: _value_at(row, low, high) for row in (0, _HEIGHT // 2, _HEIGHT - 1)}
    return [
        f"percentile curve ({marks.first} latency, {marks.second} service time; both axes logarithmic)",
        *(_line(labels.get(row, ""), "".join(grid[row])) for row in reversed(range(_HEIGHT))),
        *_quantile_axis(points),
    ]


def heat_map(found: HeatMap | None) -> list[str]:
    """Draw requests by time and latency; every request is in a cell, none is cut off."""
    if found is None or not found.counts:
        return []
    columns = len(found.counts[0])
    cell = max(1, min(_WIDEST_CELL, _WIDTH // columns))
    bounds = _bounds(max(max(row) for row in found.counts))
    lines = [
        _line(format_ns(edge), "".join(_shade(number, bounds) * cell for number in row))
        for edge, row in zip(found.edges_ns, found.counts, strict=False)
    ]
    return [
        f"latency over time (a column is {found.seconds_per_column:g} s; a row begins at the latency beside it)",
        *reversed(lines),
        *_time_axis(columns, cell, found.seconds_per_column),
        f"{'':{_LABEL + 3}}requests in a cell: {_legend(bounds)}",
    ]


def _row(value: float, low: float, high: float) -> int:
    span = math.log(high / low)
    return round(math.log(value / low) / span * (_HEIGHT - 1)) if span else 0


def _value_at(row: int, low: float, high: float) -> str:
    return format_ns(low * (high / low) ** (row / (_HEIGHT - 1)))


def _line(label: str, drawn: str) -> str:
    return f"  {label:>{_LABEL}} {glyphs().side}{drawn}".rstrip()


def _quantile_axis(points: Sequence[CurvePoint]) -> list[str]:
    """Draw the axis with the percentiles that people name, each below its column."""
    marks = glyphs()
    floor, names = [marks.floor] * len(points), [" "] * (len(points) + 8)
    for q in _NAMED:
        column = min(range(len(points)), key=lambda index: abs(points[index].q - q))
        if points[-1].q >= q - 1e-9:
            floor[column] = marks.tick
            text = format_quantile(q)
            names[column : column + len(text)] = text
    return [
        f"  {'':{_LABEL}} {marks.corner}{''.join(floor)}",
        f"  {'':{_LABEL}}  {''.join(names)}".rstrip(),
    ]


def _time_axis(columns: int, cell: int, seconds: float) -> list[str]:
    width = columns * cell
    end = f"{columns * seconds:g} s"
    below = f"0 s{end:>{max(len(end) + 1, width - 3)}}"
    return [
        f"  {'':{_LABEL}} {glyphs().corner}{glyphs().floor * width}",
        f"  {'':{_LABEL}}  {below}",
    ]


def _bounds(largest: int) -> list[int]:
    """Return from how many requests on each shade is used, evenly spaced by factors; the first from 1 on."""
    shades = len(glyphs().shades)
    bounds = [max(1, math.ceil(largest ** (step / shades))) for step in range(shades)]
    return sorted(set(bounds))


def _shade(number: int, bounds: Sequence[int]) -> str:
    reached = sum(number >= bound for bound in bounds)
    return glyphs().shades[reached - 1] if reached else " "


def _legend(bounds: Sequence[int]) -> str:
    return "  ".join(f"{shade} from {count(bound)}" for shade, bound in zip(glyphs().shades, bounds, strict=False))
