"""Lines of a function with their shares of samples, where debug information tells lines."""

from collections.abc import Callable, Sequence
from typing import Final, NamedTuple

from tailtune.judge.stackprofile import FEWEST_SAMPLES, Frame, StackProfile, Stacks, share_of_counts
from tailtune.model.estimate import Estimate
from tailtune.model.finding import Evidence
from tailtune.model.units import format_share

HOT: Final = 1 / 3
"""A line with this share of a function's samples is worth a place in a title."""
_SHOWN: Final = 3
_FEWEST_ON_LINE: Final = 5
_WORTH_SHOWING: Final = 0.05


class HotLine(NamedTuple):
    """A line of source with its share of the samples that it was looked for in."""

    place: str
    """`main.go:41`: the file's name without folders, for builds differ in these."""
    share: Estimate
    samples: int

    def told(self) -> str:
        """Return place, share and interval: `main.go:41 62 % (55 to 68 %)`."""
        share = self.share
        text = f"{self.place} {format_share(share.point, 0)}"
        if share.low is None or share.high is None:
            return text
        return f"{text} ({share.low * 100:.0f} to {format_share(share.high, 0)})"


def own_lines(profile: StackProfile, function: str) -> list[HotLine]:
    """Return the lines of a function at which its own code was sampled, those with most samples first.

    What the compiler copied into the function is its code, and counts at the line that calls it. Nothing is
    returned where under 20 samples lie in it, or where more of them have no line than have one.
    """
    stacks = profile.by_function.get(function, frozenset())
    return _lines(profile, stacks, lambda frames: _own_frame(frames, function))


def passing_lines(profile: StackProfile, stacks: Stacks, function: str) -> list[HotLine]:
    """Return the lines at which some stacks pass through the innermost call of a function, as `own_lines` does."""
    return _lines(profile, stacks, lambda frames: _innermost(frames, function))


def hot_line(lines: Sequence[HotLine]) -> HotLine | None:
    """Return the first line if it has a third or more of the samples."""
    return lines[0] if lines and lines[0].share.point >= HOT else None


def line_evidence(profile: StackProfile, lines: Sequence[HotLine], what: str) -> list[Evidence]:
    """Return up to three lines as one piece of evidence; nothing where there are none.

    Args:
        profile: that they are of.
        lines: as `own_lines` returns them.
        what: what was divided by lines, for example `the function itself`.
    """
    if not lines:
        return []
    shown = lines[:_SHOWN]
    text = f"{what} by line: {', '.join(line.told() for line in shown)}"
    return [Evidence(text=text, source=profile.source, count=sum(line.samples for line in shown))]


def _lines(profile: StackProfile, stacks: Stacks, chosen: Callable[[list[Frame]], Frame | None]) -> list[HotLine]:
    counts: dict[tuple[str, int], int] = {}
    for stack in stacks:
        frame = chosen([profile.frames[at] for at in profile.stacks[stack]])
        if frame is not None:
            key = (frame.file, frame.line)
            counts[key] = counts.get(key, 0) + int(profile.counts[stack])
    total = sum(counts.values())
    known = {key: count for key, count in counts.items() if key[0] and key[1] > 0}
    if total < FEWEST_SAMPLES or 2 * sum(known.values()) < total:
        return []
    fewest = max(_FEWEST_ON_LINE, _WORTH_SHOWING * total)
    ranked = sorted(known.items(), key=lambda item: (-item[1], item[0]))
    return [
        HotLine(f"{file.rsplit('/', 1)[-1]}:{line}", share_of_counts(count, total), count)
        for (file, line), count in ranked
        if count >= fewest
    ]


def _own_frame(frames: Sequence[Frame], function: str) -> Frame | None:
    """The frame of the function if the sampled instruction is its code: all that is nearer to the leaf is inlined."""
    for frame in frames:
        if frame.function == function:
            return frame
        if not frame.inlined:
            return None
    return None


def _innermost(frames: Sequence[Frame], function: str) -> Frame | None:
    return next((frame for frame in frames if frame.function == function), None)
