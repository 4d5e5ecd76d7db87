"""`tailtune workload` as text."""

from typing import Final

from tailtune.model.imports import CompiledSchedule, FittedWorkload, Imported, ShownOperation, ShownWorkload, Skipped
from tailtune.model.units import format_bytes, format_ns, format_share
from tailtune.show.text.glyphs import glyphs
from tailtune.show.text.notes import warnings
from tailtune.show.text.table import page, pairs, paragraph, table
from tailtune.show.values import count, plural, rate

_HEIGHT: Final = 8
_LABEL: Final = 10
_BAR: Final = 24
_MOST_OPERATIONS: Final = 25
_SHOWN_SKIPS: Final = 5


def compiled(result: CompiledSchedule) -> str:
    """Show a schedule's name and its figures."""
    return page(
        [f"sha256 {result.sha256}"],
        pairs(
            [
                ("requests", f"{count(result.requests)} {_when(result)}"),
                ("mean rate", rate(result.mean_rate_per_s) if result.mean_rate_per_s else "as answers come"),
                ("size", format_bytes(result.bytes)),
                ("file", result.path),
            ]
        ),
    )


def shown(result: ShownWorkload) -> str:
    """Draw the rate over time, the mix and the sizes."""
    named = {"closed": "closed loop", "sessions": "partly open loop, sessions"}
    loop = named.get(result.arrival, f"open loop, {result.arrival}")
    return page(
        [
            f"{loop}, {result.protocol}: {plural(result.schedule.requests, 'request')} {_when(result.schedule)}",
            f"sha256 {result.schedule.sha256}",
        ],
        _rates(result),
        _mix(result.operations),
    )


def _when(schedule: CompiledSchedule) -> str:
    length = format_ns(schedule.duration_ns)
    return f"in {length}" if schedule.mean_rate_per_s else f"over and over for {length}, each after an answer"


def _rates(result: ShownWorkload) -> list[str]:
    """Draw requests per second over time as columns, from 0 to the highest."""
    if not result.rates_per_s:
        return []
    highest = max(result.rates_per_s) or 1.0
    marks = glyphs()
    lines = [f"rate over time (requests per second; a column is {format_ns(result.seconds_per_column * 1e9)})"]
    for row in reversed(range(_HEIGHT)):
        label = f"{highest * (row + 1) / _HEIGHT:,.0f}" if row in (_HEIGHT - 1, _HEIGHT // 2 - 1) else ""
        drawn = "".join(_cell(value / highest * _HEIGHT - row) for value in result.rates_per_s)
        lines.append(f"  {label:>{_LABEL}} {marks.side}{drawn}".rstrip())
    lines.append(f"  {'0':>{_LABEL}} {marks.corner}{marks.floor * len(result.rates_per_s)}")
    end = format_ns(result.seconds_per_column * len(result.rates_per_s) * 1e9)
    lines.append(f"  {'':{_LABEL}}  0 s{end:>{max(len(result.rates_per_s) - 3, 1)}}")
    return lines


def _cell(filled: float) -> str:
    shades = glyphs().shades
    if filled <= 0:
        return " "
    return shades[min(int(filled * len(shades)), len(shades) - 1)]


def _mix(operations: list[ShownOperation]) -> list[str]:
    largest = sorted(operations, key=lambda one: -one.requests)
    most = max((one.share for one in operations), default=0) or 1.0
    rows = [
        [
            one.name,
            count(one.requests),
            format_share(one.share),
            glyphs().shades[-1] * max(1, round(one.share / most * _BAR)) if one.requests else "",
            _sizes(one),
        ]
        for one in largest[:_MOST_OPERATIONS]
    ]
    left = len(operations) - _MOST_OPERATIONS
    return [
        *table(rows, header=["operation", "requests", "share", "", "bytes sent: least, median, most"], right=(1, 2)),
        *([f"  and {plural(left, 'further operation')}"] if left > 0 else []),
    ]


def _sizes(one: ShownOperation) -> str:
    if one.sizes is None:
        return ""
    return ", ".join(format_bytes(size) for size in (one.sizes.smallest, one.sizes.median, one.sizes.largest))


def imported(result: Imported) -> str:
    """Say what was read, what was left out, what was written, and how to play it."""
    written = result.files[0]
    return page(
        [
            f"{plural(result.requests, 'request')} of {result.source}"
            f" in {plural(len(result.workload.operations), 'operation')}"
        ],
        [f"written: {path}" for path in result.files],
        skipped(result.skipped),
        warnings(result.warnings, []),
        ["next", f"  tailtune workload show --workload {written}", _play(written, result.url)],
    )


def _play(path: str, url: str) -> str:
    return f"  tailtune load --workload {path} {url or 'http://HOST:PORT'}"


def skipped(found: list[Skipped]) -> list[str]:
    """Say what of a source was left out, with an example of each kind."""
    total = sum(one.count for one in found)
    if not total:
        return []
    lines = [f"left out: {count(total)}"]
    for one in found[:_SHOWN_SKIPS]:
        lines += paragraph(f"{count(one.count)} × {one.why}; first at {one.first_line}: {one.example}", indent=2)
    return lines


def fitted(result: FittedWorkload) -> str:
    """Say what was learned of a log, and that its data are not in the workload."""
    workload = result.workload
    popular = [f"{name}: Zipf {exponent:.2f}" for name, exponent in result.popularity.items()]
    return page(
        [f"learned from {plural(result.requests, 'request')} in {format_ns(result.seconds * 1e9)}"],
        pairs(
            [
                ("mean rate", rate(workload.mean_rate_per_s)),
                ("profile", plural(len(workload.profile), "stage") if workload.profile else "one rate"),
                ("operations", count(len(workload.operations))),
                ("dispersion", f"{result.dispersion:.2f} in windows of {result.window_seconds:g} s (Poisson: 1)"),
                ("popularity", "; ".join(popular[:5])),
            ]
        ),
        [f"written: {path}" for path in result.files],
        skipped(result.skipped),
        warnings(result.warnings, []),
        ["next", f"  tailtune workload show --workload {result.files[0]}", _play(result.files[0], "")],
    )
