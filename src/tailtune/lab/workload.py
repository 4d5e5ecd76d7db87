"""`tailtune workload compile` and `show`: what will be sent, before anything is sent."""

import os
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import msgspec

from tailtune import config
from tailtune.errors import NativeError, SetupError, UsageError
from tailtune.model.imports import CompiledSchedule, ShownWorkload
from tailtune.model.units import NS_PER_S, Duration, format_bytes
from tailtune.model.workload import Workload
from tailtune.record.engine.load import ScheduleInfo, compile_workload, look_into
from tailtune.record.ports import Progress

_POLL_S: Final = 0.5
_COLUMNS: Final = 60


class Choice(msgspec.Struct, frozen=True, kw_only=True):
    """Which workload, and what of it is overruled; None: nothing."""

    find_config: Callable[[], Path]
    name: str = ""
    """Path of a workload's file, or its name in the configuration; empty: the default one there."""
    rate: float | None = None
    duration: Duration | None = None
    seed: int | None = None


def choose(choice: Choice) -> tuple[Workload, Path]:
    """Return the workload and the directory that its files are relative to.

    Raises:
        UsageError: if there is no such workload.
        ConfigError: if its file cannot be used.
    """
    if choice.name.endswith(".toml") or "/" in choice.name:
        path = Path(choice.name)
        workload, root = config.load_workload(path), path.resolve().parent
    else:
        path = choice.find_config()
        project = config.load(path)
        workload = config.workload(project, choice.name or config.default_workload(project))
        root = path.resolve().parent
    return overruled(workload, choice), root


def overruled(workload: Workload, choice: Choice) -> Workload:
    """Put what was chosen in place of what the workload says; a rate stands in place of a profile."""
    changes: dict[str, object] = {"duration": choice.duration, "seed": choice.seed, "rate_per_s": choice.rate}
    if choice.rate is not None:
        changes["profile"] = []
    return msgspec.structs.replace(workload, **{key: value for key, value in changes.items() if value is not None})


def compile_chosen(choice: Choice, output: Path | None, progress: Progress) -> CompiledSchedule:
    """Compile a workload, into `output` if it is given.

    Raises:
        ConfigError: if the workload is impossible.
        SetupError: if the schedule cannot be written.
    """
    workload, root = choose(choice)
    if output is not None:
        if output.is_dir():
            raise UsageError(f"{output} is a directory", hint="name a file")
        with _whole_or_not_at_all(output) as path:
            info = _compiled(workload, root, path, progress)
        return _as_result(info, output)
    with _scratch() as folder:
        return _as_result(_compiled(workload, root, Path(folder) / "schedule", progress), None)


def show_chosen(choice: Choice, progress: Progress) -> ShownWorkload:
    """Compile a workload and look into its schedule.

    Raises:
        ConfigError: if the workload is impossible.
        SetupError: if the schedule cannot be written.
    """
    workload, root = choose(choice)
    with _scratch() as folder:
        path = Path(folder) / "schedule"
        info = _compiled(workload, root, path, progress)
        counts, operations = look_into(path, _COLUMNS)
    seconds = info.duration_ns / NS_PER_S / max(len(counts), 1)
    return ShownWorkload(
        schedule=_as_result(info, None),
        arrival=workload.arrival,
        protocol=workload.protocol,
        seconds_per_column=seconds,
        rates_per_s=[count / seconds for count in counts],
        operations=operations,
    )


@contextmanager
def _whole_or_not_at_all(output: Path) -> Iterator[Path]:
    """Give a path to write to, and put the file in the place of `output` once it is whole.

    Raises:
        SetupError: if it cannot be put there.
        NativeError: as raised while it was written, naming `output`.
    """
    if output.exists() and not output.is_file():
        yield output  # such as /dev/null, which is not to be replaced
        return
    place = output.resolve()
    unfinished = place.with_name(f".{place.name}.{os.getpid()}.unfinished")
    try:
        yield unfinished
        unfinished.replace(place)
    except NativeError as error:  # it names the file that it was given
        message = error.message.replace(str(unfinished), str(output))
        raise NativeError(message, hint=error.hint, detail=error.detail) from error
    except OSError as error:
        raise SetupError(f"{output}: cannot be written: {error.strerror}") from error
    finally:
        unfinished.unlink(missing_ok=True)


def _scratch() -> "tempfile.TemporaryDirectory[str]":
    return tempfile.TemporaryDirectory(prefix="tailtune-")


def _as_result(info: ScheduleInfo, path: Path | None) -> CompiledSchedule:
    return CompiledSchedule(
        sha256=info.sha256,
        requests=info.requests,
        duration_ns=info.duration_ns,
        bytes=info.bytes,
        mean_rate_per_s=info.mean_rate_per_s,
        path=str(path) if path else "",
    )


def _compiled(workload: Workload, root: Path, path: Path, progress: Progress) -> ScheduleInfo:
    """Compile in a thread of its own, and say meanwhile how far it is."""
    results: list[ScheduleInfo] = []
    failures: list[BaseException] = []

    def work() -> None:
        try:
            results.append(compile_workload(workload, root, path))
        except BaseException as error:  # noqa: BLE001 - raised again by whoever waits
            failures.append(error)

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    while thread.is_alive():
        thread.join(_POLL_S)
        if thread.is_alive() and path.exists():
            progress.advance(0, 0, f"{format_bytes(path.stat().st_size)} compiled")
    if failures:
        if isinstance(failures[0], OSError):
            raise SetupError(f"{path}: cannot be written: {failures[0].strerror}") from failures[0]
        raise failures[0]
    return results[0]
