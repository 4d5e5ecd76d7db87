"""What of a profile is shown."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final

import msgspec

from tailtune.errors import NativeError, UsageError
from tailtune.judge.profile_diff import diff_profiles
from tailtune.judge.profile_groups import kind_index
from tailtune.judge.profile_owners import LABEL, THREAD, by_owner
from tailtune.judge.profile_stacks import Stacks
from tailtune.judge.profile_table import calls_of, functions_like, listings_of, table_of
from tailtune.judge.profile_tree import tree_of
from tailtune.judge.profile_waits import split
from tailtune.lab.profile_source import READ
from tailtune.model.profile_diff import Grouping, ProfileDiff
from tailtune.model.profile_view import Calls, IdlePlace, Listing, ProfileTable
from tailtune.model.units import NS_PER_S

if TYPE_CHECKING:
    from tailtune._native import Profile

_READY_KIND: Final = "runnable"
BLOCKED: Final = "blocked"
"""Sample type of time off the CPU until the wake-up."""
_BEFORE_READY: Final = ("cpu", BLOCKED)
"""What says more than how long ready threads waited for a CPU, although that comes last."""
_MOST_SOURCE_BYTES: Final = 8 << 20
_GO_PARKS: Final = (
    "Go parks goroutines and not threads: what its requests wait for is in the service's own profiles "
    "(http://HOST:PORT --kind block, --kind mutex)"
)
_FEW: Final = 100
"""Samples below which the whole table is little more than a hint."""


@dataclass(frozen=True, kw_only=True)
class Keep:
    """What of a profile is looked at; all that is given must be true. Patterns are regular expressions."""

    focus: str = ""
    """Of a function, file or module on the stack."""
    ignore: str = ""
    thread: str = ""
    """Of a thread's name or number."""
    label: str = ""
    """Of a label, written `key:value`."""
    reason: str = ""
    """Of why goroutines did not run, in an execution trace; a label, so not together with `label`."""
    begin_s: float | None = None
    """Seconds after the first sample."""
    end_s: float | None = None

    def of(self, profile: "Profile") -> "Profile":
        """Return what is kept of a profile.

        Raises:
            UsageError: for what is no regular expression, for threads or times that are not known, and for a label and
                a reason together.
        """
        if self == Keep():
            return profile
        if self.reason and self.label:
            raise UsageError("--reason and --label cannot be given together", hint="--label 'reason:...' is the same")
        label = f"^reason:.*({self.reason})" if self.reason else self.label
        begin, end = (None if one is None else round(one * NS_PER_S) for one in (self.begin_s, self.end_s))
        try:
            return profile.filter(
                focus=self.focus, ignore=self.ignore, thread=self.thread, label=label, begin_ns=begin, end_ns=end
            )
        except NativeError as error:
            *drawing, told = error.message.splitlines()  # a pattern that is wrong is drawn with a mark below it
            what = f"a pattern is no regular expression: {told.removeprefix('error: ')}" if drawing else told
            raise UsageError(what, hint=error.hint or "see `tailtune profile --help`") from error


@dataclass(frozen=True, kw_only=True)
class Look:
    """What is asked of a profile."""

    by: str = Grouping.FUNCTION.value
    """A `Grouping`, `thread` or `label:KEY`."""
    value: str = ""
    """Sample type; empty: the most telling."""
    top: int = 20
    """Rows of a table; 0: all."""
    tree: bool = False
    listed: Sequence[str] = ()
    callers: Sequence[str] = ()
    callees: Sequence[str] = ()
    keep: Keep = Keep()


@dataclass(kw_only=True)
class Seen:
    """What was found."""

    profile: "Profile"
    """The first, as filtered."""
    values: list[str]
    tables: list[ProfileTable] = field(default_factory=list)
    idle: list[IdlePlace] = field(default_factory=list)
    listings: list[Listing] = field(default_factory=list)
    calls: list[Calls] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)


def look_at(profiles: "Mapping[str, Profile]", look: Look) -> Seen:
    """Make the tables of each profile, and what else is asked of the first.

    Raises:
        UsageError: if there is no such value or function.
    """
    first = next(iter(profiles.values()))
    seen = Seen(profile=first, values=[kind for kind, _ in first.sample_types])
    for at, (title, profile) in enumerate(profiles.items()):
        stacks = Stacks.of(profile, kind_of(profile, look.value if at == 0 else ""))
        if stacks.kind == BLOCKED:
            stacks, seen.idle = split(stacks)
            title = "waiting"
            seen.warnings += [_GO_PARKS] if any(place.meaning.startswith("Go:") for place in seen.idle) else []
        shown = stacks.kind if title == READ else title
        seen.tables.append(_table(profile, stacks, shown, look))
        if at == 0:
            _look_closer(stacks, look, seen)
    seen.warnings += [_few(table) for table in seen.tables if 0 < table.samples < _FEW]
    return seen


def kind_of(profile: "Profile", asked: str) -> str:
    """Return the sample type asked for, or the most telling one.

    Raises:
        UsageError: if there is none of this name; the message lists them.
    """
    kinds = [kind for kind, _ in profile.sample_types]
    if asked:
        return kinds[kind_index(profile, asked)]
    default = kinds[profile.default_value] if kinds else ""
    if default != _READY_KIND:
        return default
    return next((kind for kind in _BEFORE_READY if kind in kinds and any(profile.values(kinds.index(kind)))), default)


def compared(base: "Profile", candidate: "Profile", look: Look, requests: tuple[int, int] | None = None) -> ProfileDiff:
    """Compare two profiles as the table shows them; with the requests that each answered, what one costs.

    Raises:
        UsageError: if base lacks the value, or threads or labels are to be compared.
    """
    grouping = grouping_of(look.by)
    if grouping is None:
        raise UsageError(f"--diff does not compare by {look.by}", hint=f"--by {', '.join(Grouping)}")
    kind = kind_of(candidate, look.value)
    if requests is None:
        return diff_profiles([base], [candidate], kind=kind, grouping=grouping)
    ours, theirs = [requests[1]], [requests[0]]
    return diff_profiles(
        [base], [candidate], kind=kind, grouping=grouping, base_requests=theirs, candidate_requests=ours
    )


def grouping_of(by: str) -> Grouping | None:
    """Return what is summed by; None: by who ran, `thread` or `label:KEY`.

    Raises:
        UsageError: if it is none of them.
    """
    if by == THREAD or (by.startswith(LABEL) and by != LABEL):
        return None
    if by not in list(Grouping):
        raise UsageError(f"--by {by}: unknown", hint=f"--by {', '.join(Grouping)}, {THREAD} or {LABEL}KEY")
    return Grouping(by)


def _table(profile: "Profile", stacks: Stacks, title: str, look: Look) -> ProfileTable:
    grouping = grouping_of(look.by)
    if grouping:
        return table_of(stacks, title, grouping, top=look.top, tree=look.tree)
    table = table_of(by_owner(profile, stacks, look.by), title, Grouping.FILE, top=look.top, tree=False)
    return msgspec.structs.replace(table, by=look.by, tree=tree_of(stacks) if look.tree else None)


def _look_closer(stacks: Stacks, look: Look, seen: Seen) -> None:
    for asked in look.listed:
        for function in functions_like(stacks, asked):
            seen.listings += [_with_source(listing) for listing in listings_of(stacks, function)]
    for direction, functions in (("callers", look.callers), ("callees", look.callees)):
        for asked in functions:
            seen.calls += [calls_of(stacks, function, direction) for function in functions_like(stacks, asked)]


def _with_source(listing: Listing) -> Listing:
    """Add the text of each line where the file is readable here."""
    path = Path(listing.file)
    try:
        if path.stat().st_size > _MOST_SOURCE_BYTES:
            return msgspec.structs.replace(listing, note=f"{path} is too large to be source text")
        text = path.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return msgspec.structs.replace(listing, note=f"{listing.file or 'its file'} is not readable here")
    lines = [
        msgspec.structs.replace(line, text=text[line.line - 1]) if 0 < line.line <= len(text) else line
        for line in listing.lines
    ]
    return msgspec.structs.replace(listing, lines=lines)


def _few(table: ProfileTable) -> str:
    return (
        f"{table.title}: {table.samples:.0f} samples are few; shares are uncertain by as much as the column ± says: "
        "sample longer (--seconds) or more often (--hz)"
    )
