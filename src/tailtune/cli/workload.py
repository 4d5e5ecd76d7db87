"""`tailtune workload`: what will be sent, before anything is sent."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final, Literal

from cyclopts import App, Parameter

from tailtune.cli.options import AS_TEXT, ConfigOption, DurationOption, Output, Positive
from tailtune.cli.progress import showing
from tailtune.cli.terminal import emit, write
from tailtune.model.units import Duration

if TYPE_CHECKING:
    from tailtune.lab.workload import Choice

workload = App(
    name="workload",
    help="Compile a workload into a schedule, show it, import one from a log or command, or fit one to a log.",
    help_epilogue="",
)

_FIVE_SECONDS: Final = Duration(5_000_000_000)
Format = Literal["access-log", "curl", "h2load", "har", "json-lines", "vegeta"]


@Parameter(name="*")
@dataclass(frozen=True, kw_only=True)
class Chosen:
    """Which workload, and what of it is overruled."""

    workload: Annotated[str | None, Parameter(name=["--workload", "-w"])] = None
    """A workload's file, or the name of one in tailtune.toml; its default one otherwise."""
    rate: Annotated[float | None, Positive] = None
    """Requests per second, in place of the workload's."""
    duration: DurationOption | None = None
    """Length, in place of the workload's."""
    seed: int | None = None
    """Seed, in place of the workload's."""
    config: ConfigOption = None
    """Configuration file; found upwards from here by default."""


@Parameter(name="*")
@dataclass(frozen=True, kw_only=True)
class Fields:
    """json-lines: the names of fields; `a.b` is b inside of a. Usual names are found without."""

    time_field: str | None = None
    """Time of the request: ISO 8601, or a number since 1970 in s, ms, µs or ns."""
    method_field: str | None = None
    """HTTP method."""
    path_field: str | None = None
    """Path with query, or an URL."""
    request_field: str | None = None
    """Whole request line, `GET /path HTTP/1.1`."""
    status_field: str | None = None
    """Status of the answer."""
    bytes_field: str | None = None
    """Bytes of the answer."""
    duration_field: str | None = None
    """How long it took, in seconds or with a unit; the start is the time less this."""

    def given(self) -> dict[str, str]:
        """Return meaning → name for those that are named."""
        named = {name.removesuffix("_field"): value for name, value in vars(self).items()}
        return {meaning: name for meaning, name in named.items() if name}


@Parameter(name="*")
@dataclass(frozen=True, kw_only=True)
class Reading:
    """How times that go backwards are taken."""

    sort: Annotated[bool, Parameter(negative="", show_default=False)] = False
    """Sort by time, whatever the order; on disk where it is much."""
    tolerance: DurationOption = _FIVE_SECONDS
    """How late a line may stand: a log's lines are written when requests end."""
    force: Annotated[bool, Parameter(negative="", show_default=False)] = False
    """Overwrite files that are there."""


_DEFAULT: Final = Chosen()
_USUAL: Final = Fields()
_PLAINLY: Final = Reading()


@workload.command(name="compile")
def compile_schedule(
    *,
    chosen: Chosen = _DEFAULT,
    to: Annotated[Path | None, Parameter(name=["--output", "-o"])] = None,
    sha256: Annotated[bool, Parameter(negative="", show_default=False)] = False,
    output: Output = AS_TEXT,
) -> None:
    """Compile a workload into a schedule: the time and the bytes of every request.

    Equal workloads and seeds give equal schedules on every machine.

    Parameters
    ----------
    to
        File for the schedule; without it only its figures are printed.
    sha256
        Print nothing but the schedule's hash.
    """
    from tailtune.lab.workload import compile_chosen
    from tailtune.show.text.workload import compiled

    with showing(output) as progress:
        result = compile_chosen(_choice(chosen), to, progress)
    if sha256 and not output.json:
        write(f"{result.sha256}\n")
    else:
        emit(result, compiled, output)


@workload.command(name="show")
def show(*, chosen: Chosen = _DEFAULT, output: Output = AS_TEXT) -> None:
    """Draw a workload: its rate over time, its mix of operations, the sizes of its requests."""
    from tailtune.lab.workload import show_chosen
    from tailtune.show.text.workload import shown

    with showing(output) as progress:
        result = show_chosen(_choice(chosen), progress)
    emit(result, shown, output)


@workload.command(name="import")
def import_from(
    source: Format,
    file: Path,
    /,
    *,
    to: Annotated[Path, Parameter(name=["--output", "-o"])] = Path("workload.toml"),
    host: str = "",
    rate: Annotated[float | None, Positive] = None,
    fields: Fields = _USUAL,
    reading: Reading = _PLAINLY,
    output: Output = AS_TEXT,
) -> None:
    """Write a workload that replays a log, a capture, or commands of another tool.

    With times in the source, a trace is written beside it; without, requests are drawn at random.

    Parameters
    ----------
    source
        Format: access log of nginx or Apache, curl commands, timing script of h2load, HAR capture, JSON lines,
        targets of vegeta.
    file
        File to read, perhaps packed by gzip; `-` is stdin.
    to
        File for the workload.
    host
        Import the requests to this host; by default to that of the first request.
    rate
        For curl and vegeta: write a trace that keeps the order, with so many requests per second.
    """
    from tailtune.lab.workload_import import ImportChoices, import_workload
    from tailtune.show.text.workload import imported

    choices = ImportChoices(
        host=host,
        fields=fields.given(),
        sort=reading.sort,
        tolerance=reading.tolerance,
        rate=rate,
        force=reading.force,
    )
    with showing(output) as progress:
        result = import_workload(source, file, to, choices, progress)
    emit(result, imported, output)


@workload.command(name="fit")
def fit(
    log: Path,
    /,
    *,
    source: Annotated[Literal["access-log", "json-lines", "har"], Parameter(name=["--format", "-f"])] = "access-log",
    to: Annotated[Path, Parameter(name=["--output", "-o"])] = Path("workload.toml"),
    host: str = "",
    seed: int = 1,
    fields: Fields = _USUAL,
    reading: Reading = _PLAINLY,
    output: Output = AS_TEXT,
) -> None:
    """Learn a workload from a log and write it without the log's data.

    Learned are the rate over time, the mix of operations, the popularity of keys, the sizes of answers and how bursty
    arrivals are. Paths, keys and hosts of the log do not appear in it; only frequent words of paths do.

    Parameters
    ----------
    log
        File to read, perhaps packed by gzip; `-` is stdin.
    source
        Format of the log.
    to
        File for the workload.
    host
        Use the requests to this host only.
    seed
        Seed of the workload.
    """
    from tailtune.lab.workload_fit import fit_workload
    from tailtune.lab.workload_import import ImportChoices
    from tailtune.show.text.workload import fitted

    choices = ImportChoices(
        host=host, fields=fields.given(), sort=reading.sort, tolerance=reading.tolerance, force=reading.force
    )
    with showing(output) as progress:
        result = fit_workload(source, log, to, choices, seed, progress)
    emit(result, fitted, output)


def _choice(chosen: Chosen) -> "Choice":
    from tailtune.cli.options import find_config
    from tailtune.lab.workload import Choice

    return Choice(
        name=chosen.workload or "",
        rate=chosen.rate,
        duration=chosen.duration,
        seed=chosen.seed,
        find_config=lambda: find_config(chosen.config),
    )
