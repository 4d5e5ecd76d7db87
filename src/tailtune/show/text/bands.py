"""Where the time of requests goes, as text: a bar for each band of percentiles, and the steps of one request."""

from collections.abc import Sequence
from typing import Final

from tailtune.model.request_parts import Band, PartKind, PartShare, Place, RequestBands, RequestTimeline, Step
from tailtune.model.units import format_ns, format_share
from tailtune.show.text.glyphs import Glyphs, glyphs
from tailtune.show.text.table import WIDTH, labelled, page_width, paragraph, table
from tailtune.show.values import count, plural, with_interval

_BAR: Final = 20
_NAMED: Final = 3
"""Parts named beside a bar."""
_FEWEST_SEEN: Final = 5
_TOLD: Final = 0.2
"""Of a part: a function with less, or seen less often, is not named beside the bar."""
_WORTH_A_WORD: Final = 0.005
_LEAST_STEP: Final = 0.001
"""Of the latency: shorter steps are summed up, unless all are asked for."""
_RESIDUE: Final = "residue"
_BEHIND_OTHERS: Final = ("runnable", "waiting for a P")
"""Parts in which something else had the CPU, the reader's own among them."""


def bands_headline(found: RequestBands | None) -> list[str]:
    """Show each band as a bar alone, for the end of a run; nothing where nothing was recorded."""
    if found is None or not found.bands:
        return []
    marks = _marks(glyphs())
    return [
        f"time of requests while diagnosing ({_legend(marks)})",
        *(_line(one, marks) for one in found.bands),
    ]


def bands_section(found: RequestBands | None) -> list[str]:
    """Show each band as a bar with its largest parts; nothing where nothing was recorded."""
    if found is None:
        return []
    marks = _marks(glyphs())
    lines = [f"where the time of requests goes ({_legend(marks)})"]
    for band in found.bands:
        lines.append(_line(band, marks))
        lines += labelled("", _largest(band), indent=4, gap="")
    return [*lines, *_account(found, found.bands[-1].examples[:1] if found.bands else [])]


def bands_in_full(found: RequestBands | None) -> list[list[str]]:
    """Show each band with all its parts, the functions they were seen in, and the slowest requests."""
    if found is None:
        return []
    return [*(_whole(band) for band in found.bands), ["requests of the diagnose window", *_account(found)]]


def timeline_sections(found: RequestTimeline, *, full: bool) -> list[list[str]]:
    """Show the steps of one request; without `full`, those that last are named and the others summed up."""
    about = [
        f"request {found.request}: {format_ns(found.latency_ns)}; {format_share(found.rank, 2)} of the window's "
        "requests took no longer",
        f"operation {found.operation} · {found.outcome}, status {found.status} · connection {found.connection}",
        *(paragraph(found.note) if found.note else []),
    ]
    shown = found.steps if full else [one for one in found.steps if one.length_ns >= _LEAST_STEP * found.latency_ns]
    left = len(found.steps) - len(shown)
    spent = sum(one.length_ns for one in found.steps) - sum(one.length_ns for one in shown)
    threads = {one.tid: one.thread for one in shown if one.tid is not None and one.thread}
    named = ", ".join(f"{tid} {name}" for tid, name in threads.items())
    return [
        about,
        _steps(shown),
        [
            *([f"and {plural(left, 'short step')}, {format_ns(spent)} together: --full shows them"] if left else []),
            *(paragraph(f"threads: {named}") if named else []),
        ],
    ]


def _marks(chosen: Glyphs) -> dict[PartKind, str]:
    return {
        PartKind.COMPUTING: chosen.shades[-1],
        PartKind.WAITING: chosen.shades[1],
        PartKind.UNKNOWN: chosen.second,
    }


def _legend(marks: dict[PartKind, str]) -> str:
    return ", ".join(f"{mark} {kind}" for kind, mark in marks.items())


def _line(band: Band, marks: dict[PartKind, str]) -> str:
    """Show a band in one line; its intervals only where the page is wide enough."""
    begin = f"  {band.name:<11} {format_ns(band.mean_ns):>8}  {_bar(band, marks)}  "
    told = f"{with_interval(band.computing, _percent)} computing, {with_interval(band.waiting, _percent)} waiting"
    if len(begin + told) > page_width():
        told = f"{_percent(band.computing.point)} computing, {_percent(band.waiting.point)} waiting"
    return begin + told


def _bar(band: Band, marks: dict[PartKind, str]) -> str:
    """Draw the shares of a band; what is there at all gets at least one character, at the cost of the largest."""
    shares = {
        PartKind.COMPUTING: band.computing.point,
        PartKind.WAITING: band.waiting.point,
        PartKind.UNKNOWN: band.unknown.point,
    }
    widths = {kind: max(round(share * _BAR), int(share > _WORTH_A_WORD)) for kind, share in shares.items()}
    largest = max(widths, key=lambda kind: widths[kind])
    widths[largest] += _BAR - sum(widths.values())
    return "".join(marks[kind] * width for kind, width in widths.items())


def _largest(band: Band) -> str:
    others = [one for one in band.parts if one.part != _RESIDUE]
    named = [one for one in others[:_NAMED] if one.share.point >= _WORTH_A_WORD]
    rest = sum(one.share.point for one in others) - sum(one.share.point for one in named)
    told = [_named(one) for one in named]
    if rest >= _WORTH_A_WORD:
        told.append(f"others {format_share(rest)}")
    residue = sum(one.share.point for one in band.parts if one.part == _RESIDUE)
    return f"{', '.join(told)}; residue {format_share(residue)}"


def _named(part: PartShare) -> str:
    is_in_it = not part.part.endswith(_BEHIND_OTHERS)
    where = f" in {part.places[0].function}" if is_in_it and _is_told(part.places) else ""
    return f"{part.part} {format_share(part.share.point)}{where}"


def _is_told(places: Sequence[Place]) -> bool:
    """Whether the first place says something: seen often enough, and more than a remark in brackets."""
    if not places or places[0].function.startswith("["):
        return False
    return places[0].count >= _FEWEST_SEEN and places[0].share >= _TOLD


def _whole(band: Band) -> list[str]:
    marks = _marks(glyphs())
    span = f"{format_ns(band.least_ns)} to {format_ns(band.most_ns)}"
    rows = [
        (f"{marks[one.kind]} {one.part}", format_ns(one.mean_ns), with_interval(one.share, format_share))
        for one in band.parts
    ]
    lines = table(rows, header=["part", "each", "share of latency"], right=(1,))
    places = [line for one in band.parts for line in _places(one)]
    return [
        f"{band.name}: {plural(band.requests, 'request')} of {span}, mean {format_ns(band.mean_ns)}",
        f"  {_bar(band, marks)}  {with_interval(band.computing, _percent)} computing, "
        f"{with_interval(band.waiting, _percent)} waiting, {with_interval(band.unknown, _percent)} not known",
        *lines,
        *places,
        f"  slowest: {', '.join(band.examples)}",
    ]


def _places(part: PartShare) -> list[str]:
    if not part.places:
        return []
    seen = ", ".join(f"{one.function} {_percent(one.share)} (n = {count(one.count)})" for one in part.places)
    told = "seen in"
    if part.part.endswith(_BEHIND_OTHERS):
        told = "meanwhile, that CPU ran" if part.part.endswith("runnable") else "meanwhile, others ran"
    return labelled(f"{part.part}:", f"{told} {seen}")


def _account(found: RequestBands, slowest: Sequence[str] = ()) -> list[str]:
    parts = [f"slowest: {', '.join(slowest)}"] if slowest else []
    if found.coverage is not None:
        parts.append(f"slowest 1 %: {with_interval(found.coverage, format_share)} in known parts")
    parts.append(f"{count(found.divided)} of {plural(found.requests, 'request')} divided")
    if found.followed:
        parts.append(f"{count(found.followed)} of them by what their goroutines did")
    if found.handed_over:
        between = "goroutines" if found.followed else "threads"
        parts.append(f"{count(found.handed_over)} of them handed over between {between}")
    parts += [f"{count(one.requests)} not: {one.reason}" for one in found.undivided]
    return paragraph("; ".join(parts), indent=2)


def _steps(shown: Sequence[Step]) -> list[str]:
    """Set the steps in columns; what was seen gets the room that is left."""
    if not shown:
        return []
    rows = [(format_ns(one.begin_ns), format_ns(one.length_ns), one.part, _who(one)) for one in shown]
    header = ("from start", "lasts", "part", "thread")
    lines = table(rows, header=header, right=(0, 1))
    width = max(len(line) for line in lines) + 2
    seen = ["seen", *(_seen(one) for one in shown)]
    return [f"{line:<{width}}{_cut(text, WIDTH - width)}".rstrip() for line, text in zip(lines, seen, strict=True)]


def _who(step: Step) -> str:
    """Name the thread, or the goroutine where it was on none."""
    if step.tid is not None:
        return str(step.tid)
    return "" if step.goroutine is None else f"g{step.goroutine}"


def _seen(step: Step) -> str:
    if step.part.endswith(_BEHIND_OTHERS):
        return f"behind {', '.join(step.functions)}" if step.functions else ""
    return ", ".join(step.functions) if step.part.endswith(("CPU", "GC assist")) else step.place


def _cut(text: str, room: int) -> str:
    return text if len(text) <= room else f"{text[: max(0, room - 3)]}..."


def _percent(share: float) -> str:
    return format_share(share, 0)
