"""`tailtune profile`."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Final

from cyclopts import Group, Parameter

from tailtune.cli.exits import exit_of_profile
from tailtune.cli.options import AS_TEXT, Output, Positive, find_root
from tailtune.cli.progress import showing
from tailtune.cli.terminal import emit_drawn
from tailtune.model.endpoint import PprofKind
from tailtune.model.profile_diff import Grouping

if TYPE_CHECKING:
    from tailtune.lab.profile_source import Taking
    from tailtune.lab.profile_views import Look
    from tailtune.model.icicle import IcicleSource

_TAKE: Final = Group("Sampling", sort_key=10)
_LOOK: Final = Group("View", sort_key=20)
_RESULT: Final = Group("Result", sort_key=50)
_Flag: Final = Parameter(negative="", show_default=False)
_Many: Final = Parameter(negative="")


@Parameter(name="*", group=_TAKE)
@dataclass(frozen=True, kw_only=True)
class Sampling:
    """How a process or a service is profiled; files are read as they are."""

    seconds: Annotated[float, Positive] = 10.0
    """How long; Ctrl-C ends it early and shows what was taken so far."""
    hz: Annotated[int, Positive] = 99
    """Samples per second of CPU time."""
    off_cpu: Annotated[bool, _Flag] = False
    """Show each thread's states as well (on CPU, runnable, blocked), and where threads wait, idle ones apart."""
    page_faults: Annotated[bool, _Flag] = False
    """Show as well where pages are missing."""
    dwarf: Annotated[bool, _Flag] = False
    """Find callers of code without frame pointers too, by its unwind tables; costs the process more CPU time."""
    kind: PprofKind | None = None
    """What to pull from a Go service; CPU unless the URL names another. Of allocs, mutex and block the service gives
    what happened within --seconds."""

    def taking(self) -> "Taking":
        """Return the same as the use case takes it."""
        from tailtune.lab.profile_source import Taking

        return Taking(
            seconds=self.seconds,
            hz=self.hz,
            off_cpu=self.off_cpu,
            page_faults=self.page_faults,
            dwarf=self.dwarf,
            kind=self.kind,
        )


@Parameter(name="*", group=_LOOK)
@dataclass(frozen=True, kw_only=True)
class View:
    """What of the profile is shown."""

    by: str = Grouping.FUNCTION.value
    """What the table sums by: function, line, file, module, package, thread or label:KEY."""
    value: str = ""
    """Sample type of the table, such as cpu, samples, alloc_space or inuse_objects; by default the most telling."""
    top: int = 20
    """Rows of the table; 0: all."""
    tree: Annotated[bool, _Flag] = False
    """Show the calls as a tree as well, from callers down; calls below 1 % are left out."""
    interactive: Annotated[bool, _Flag] = False
    """Walk, zoom and search the calls as an icicle, by keyboard; needs the extra `tui`. The page follows."""
    list_: Annotated[list[str] | None, Parameter(name="--list", negative="")] = None
    """List the lines of a function (its name, or a part), with source text where the file is readable here."""
    focus: str = ""
    """Only stacks with a function, file or module that matches this regular expression."""
    ignore: str = ""
    """No stacks with a function, file or module that matches."""
    thread: str = ""
    """Only threads whose name or number matches; where the profile holds single samples."""
    label: str = ""
    """Only stacks with a label, written key:value, that matches."""
    reason: str = ""
    """Only stacks at which goroutines did not run for a reason that matches, such as chan, sync, network, runnable or
    syscall; of an execution trace of Go."""
    from_: Annotated[float | None, Parameter(name="--from")] = None
    """Only from this second on, counted from the first sample; where the profile holds single samples."""
    to: float | None = None
    """Only up to this second."""
    callers: Annotated[list[str] | None, _Many] = None
    """Show who calls a function."""
    callees: Annotated[list[str] | None, _Many] = None
    """Show what a function calls."""

    def look(self) -> "Look":
        """Return the same as the use case takes it."""
        from tailtune.lab.profile_views import Keep, Look

        keep = Keep(
            focus=self.focus,
            ignore=self.ignore,
            thread=self.thread,
            label=self.label,
            reason=self.reason,
            begin_s=self.from_,
            end_s=self.to,
        )
        return Look(
            keep=keep,
            by=self.by,
            value=self.value,
            top=self.top,
            tree=self.tree,
            listed=self.list_ or [],
            callers=self.callers or [],
            callees=self.callees or [],
        )


@Parameter(name="*", group=_RESULT)
@dataclass(frozen=True, kw_only=True)
class Wanted:
    """What comes out besides the page on stdout."""

    output: Annotated[list[str] | None, Parameter(name=["--output", "-o"], negative="")] = None
    """File to write as well, its format by its end: .pb.gz or .pprof (pprof), .folded, .collapsed or .txt (collapsed
    stacks), .speedscope.json, .firefox.json, .json (as --json), or FORMAT:FILE; may be repeated."""
    diff: str = ""
    """Compare with this base: a file, a URL, a recording, or whatever SOURCE may be."""
    requests: Annotated[int | None, Positive] = None
    """Requests answered while SOURCE was profiled; with --base-requests, --diff compares what one costs. Recordings
    know theirs."""
    base_requests: Annotated[int | None, Positive] = None
    """Requests answered while the base was profiled."""


_SAMPLING: Final = Sampling()
_VIEW: Final = View()
_WANTED: Final = Wanted()


def profile(
    source: Annotated[str, Parameter(allow_leading_hyphen=True)],
    /,
    *,
    sampling: Sampling = _SAMPLING,
    view: View = _VIEW,
    wanted: Wanted = _WANTED,
    output: Output = AS_TEXT,
) -> int:
    """Profile a running process or a Go service, or open a profile, and show where the time goes.

    The process is not changed and nothing is left behind. Exits 4 if there is no sample, 130 if interrupted.

    Parameters
    ----------
    source
        PID; name of a process; http://HOST:PORT of a Go service with net/http/pprof, or the URL of one profile; a
        file; `-` for stdin; a recording's identifier, or `latest`.
    """
    from tailtune.lab.profile import profile as take
    from tailtune.show.text.profile import profile_result
    from tailtune.show.tui import check_icicle, show_icicle

    icicles: list[IcicleSource] = []
    if view.interactive:
        check_icicle()
    with showing(output) as progress:
        result = take(
            source,
            find_root(None),
            sampling.taking(),
            view.look(),
            outputs=wanted.output or [],
            diff=wanted.diff,
            requests=wanted.requests,
            base_requests=wanted.base_requests,
            on_profile=icicles.append if view.interactive else None,
            progress=progress,
        )
    for icicle in icicles:
        show_icicle(icicle, result.source.name)
    emit_drawn(result, profile_result, output)
    return exit_of_profile(result)
