"""`tailtune profile`: take or open a profile, and look at it."""

from collections.abc import Callable, Sequence
from pathlib import Path

import msgspec

from tailtune.errors import NothingMeasuredError, RunInterruptedError
from tailtune.judge.profile_icicle import DiffIcicle, ProfileIcicle
from tailtune.lab.profile_files import ProfileOutputs
from tailtune.lab.profile_source import Opened, Sources, Taking
from tailtune.lab.profile_views import BLOCKED, Keep, Look, Seen, compared, look_at
from tailtune.model.icicle import IcicleSource
from tailtune.model.profile_diff import Grouping, ProfileDiff
from tailtune.model.profile_view import PLACE, STATE, ProfileResult, ProfileTable, SourceKind
from tailtune.record.ports import Progress


def profile(
    source: str,
    root: Path,
    taking: Taking,
    look: Look,
    *,
    outputs: Sequence[str] = (),
    diff: str = "",
    requests: int | None = None,
    base_requests: int | None = None,
    on_profile: Callable[[IcicleSource], None] | None = None,
    progress: Progress,
) -> ProfileResult:
    """Take or open the profile that `source` names, and return what is to be shown of it.

    Args:
        source: PID, process name, URL, file, `-`, or recording.
        root: the project whose recordings are meant.
        taking: how a process or a service is profiled.
        look: what of the profile is shown.
        outputs: files to write, `FILE` or `FORMAT:FILE`.
        diff: what to compare with, as `source`; empty: nothing.
        requests: answered while `source` was profiled; None: as many as a recording tells.
        base_requests: the same of `diff`.
        on_profile: given the profile in the end, for a view with keys.
        progress: told of phases.

    Raises:
        UsageError: if the source, an option or a file's name cannot be used.
        SetupError: if the machine does not permit it, or a file cannot be read or written.
        NothingMeasuredError: if there is no sample.
        RunInterruptedError: on Ctrl-C before there was one.
    """
    files = ProfileOutputs(outputs)
    sources = Sources(root, taking, progress)
    other = sources.open(diff) if diff else None
    opened = sources.open(source)
    progress.phase("tables", "summing up")
    profiles = {title: look.keep.of(one) for title, one in opened.profiles.items()}
    seen = look_at(profiles, look)
    is_told = bool(seen.idle) or (opened.trace is not None and look.keep == Keep())
    if not is_told and not any(table.total for table in seen.tables):
        raise _nothing(opened, taking, look)
    base = look.keep.of(other.main) if other else None
    served = _served(base_requests, other), _served(requests, opened)
    work = (served[0], served[1]) if served[0] and served[1] else None
    compared_with = compared(base, seen.profile, look, work) if base else None
    result = _result(opened, seen, compared_with, files.names)
    files.write(profiles, result)
    if on_profile:
        kind = seen.tables[0].kind
        on_profile(DiffIcicle(base, seen.profile, requests=work) if base else ProfileIcicle(seen.profile, kind))
    return result


def _result(opened: Opened, seen: Seen, diff: ProfileDiff | None, written: list[str]) -> ProfileResult:
    return ProfileResult(
        source=opened.source,
        mode=opened.mode,
        lost_note=opened.lost_note,
        seconds=opened.seconds,
        lost=opened.lost,
        interrupted=opened.interrupted,
        values=seen.values,
        tables=[_as_states(table) for table in seen.tables] if opened.sees_states else seen.tables,
        threads=opened.threads,
        idle=seen.idle,
        listings=seen.listings,
        calls=seen.calls,
        diff=diff,
        written=written,
        warnings=[*opened.warnings, *seen.warnings],
        trace=opened.trace,
    )


def _served(given: int | None, opened: Opened | None) -> int | None:
    return given if given is not None or opened is None else opened.requests


def _as_states(table: ProfileTable) -> ProfileTable:
    """Say what stands in place of functions where no code was seen."""
    if table.by != Grouping.FUNCTION:
        return table
    return msgspec.structs.replace(table, by=PLACE if table.kind == BLOCKED else STATE)


def _nothing(opened: Opened, taking: Taking, look: Look) -> NothingMeasuredError | RunInterruptedError:
    name = opened.source.name
    if opened.interrupted:
        return RunInterruptedError(f"interrupted before {name} was sampled")
    if look.keep != Keep():
        return NothingMeasuredError(
            f"no sample of {name} is left by the filters", hint="see it without --focus, --ignore and the like"
        )
    if opened.source.kind is not SourceKind.PROCESS:
        return NothingMeasuredError(f"{name} holds no samples")
    hint = "" if taking.off_cpu else "--off-cpu shows where it waits; or sample longer, or while it has work"
    return NothingMeasuredError(f"{name} used no CPU in {opened.seconds:.1f} s: there is no sample", hint=hint)
