"""What may be written where: color, live lines, JSON or text."""

import os
import shutil
import sys
from collections.abc import Callable
from typing import IO, TYPE_CHECKING, TextIO, TypeVar

if TYPE_CHECKING:
    from tailtune.cli.options import Output

_T = TypeVar("_T")
_STYLES = {"error": "\x1b[1;31m", "warning": "\x1b[1;33m", "hint": "\x1b[1;36m", "phase": "\x1b[1m"}
_RESET = "\x1b[0m"


def wants_color(stream: IO[str]) -> bool:
    """Whether color may be written to `stream`: NO_COLOR forbids, FORCE_COLOR allows, else on terminals only."""
    if os.environ.get("NO_COLOR"):
        return False
    if os.environ.get("FORCE_COLOR"):
        return True
    return stream.isatty() and os.environ.get("TERM") != "dumb"


def is_live(stream: IO[str]) -> bool:
    """Whether lines may be rewritten: on a terminal that is not a CI log.

    FORCE_COLOR is no reason: it asks for color in a log, and a log cannot take rewritten lines.
    """
    return stream.isatty() and not os.environ.get("CI") and os.environ.get("TERM") != "dumb"


def styled(text: str, style: str, stream: IO[str]) -> str:
    """Return `text` in a style of this module if `stream` takes color."""
    return f"{_STYLES[style]}{text}{_RESET}" if wants_color(stream) else text


def say(text: str) -> None:
    """Write a line of talk to stderr; a stderr that is gone is no reason to fail."""
    try:
        sys.stderr.write(f"{text}\n")
        sys.stderr.flush()
    except BrokenPipeError:
        sys.stderr = _nowhere()


def open_closed_streams() -> None:
    """Give stdout and stderr a place to go where the caller has closed them (`2>&-`)."""
    if sys.stdout is None:
        sys.stdout = _nowhere()
    if sys.stderr is None:
        sys.stderr = _nowhere()


def _nowhere() -> TextIO:
    return open(os.devnull, "w", encoding="utf-8")  # noqa: PTH123 - stays open until the process ends


def say_labelled(label: str, text: str) -> None:
    """Write `label: text` to stderr, the label in its color; label: error, warning or hint."""
    say(f"{styled(f'{label}:', label, sys.stderr)} {text}")


def emit(result: _T, to_text: Callable[[_T], str], output: "Output") -> None:
    """Write a result to stdout: as JSON when asked, else as text; its color is added here."""
    text = rendered(result, to_text, output)
    if wants_color(sys.stdout) and not output.json:
        from tailtune.cli.color import colored

        text = colored(text)
    write(text)


def rendered(result: _T, to_text: Callable[[_T], str], output: "Output") -> str:
    """Return a result as JSON when asked, else as text; it ends with one line break."""
    if not output.json:
        return _set(result, to_text)
    from tailtune.show.export.json import encode

    return f"{encode(result)}\n"


def emit_drawn(result: _T, to_text: Callable[[_T], str], output: "Output") -> None:
    """Write a result as `emit` does; its bars in characters that the stream takes."""
    from tailtune.show.text.glyphs import ASCII, UNICODE, drawn_with

    with drawn_with(UNICODE if _has_blocks(sys.stdout) else ASCII):
        emit(result, to_text, output)


def emit_fitting(result: _T, to_text: Callable[[_T, bool], str], output: "Output", charts: bool | None) -> None:
    """Write a result as `emit` does; its charts as told, or else where the terminal has the height for all of it.

    `to_text` takes the result and whether charts are drawn.
    """
    emit(result, lambda one: _with_charts(one, to_text, charts), output)


def _with_charts(result: _T, to_text: Callable[[_T, bool], str], charts: bool | None) -> str:
    from tailtune.show.text.glyphs import ASCII, UNICODE, drawn_with

    with drawn_with(UNICODE if _has_blocks(sys.stdout) else ASCII):
        if charts is not None:
            return to_text(result, charts)
        if not sys.stdout.isatty():
            return to_text(result, False)
        whole = to_text(result, True)
        return whole if whole.count("\n") < shutil.get_terminal_size().lines else to_text(result, False)


def _has_blocks(stream: TextIO) -> bool:
    """Whether the stream takes the characters that charts are drawn with."""
    try:
        "█░●".encode(stream.encoding or "ascii")
    except (UnicodeEncodeError, LookupError):
        return False
    return os.environ.get("TERM") not in ("dumb", "linux")


def _set(result: _T, to_text: Callable[[_T], str]) -> str:
    """Return the text of a result, fitted to the terminal it goes to; elsewhere every page is the same."""
    if not sys.stdout.isatty():
        return to_text(result)
    from tailtune.show.text.table import fitted

    with fitted(shutil.get_terminal_size().columns):
        return to_text(result)


def write(text: str) -> None:
    """Write data to stdout, ending with one line break, at once: a broken pipe shows here and not at exit.

    Raises:
        SetupError: if stdout takes no more, as a file on a full disk.
        BrokenPipeError: if its reader is gone.
    """
    try:
        sys.stdout.write(text if text.endswith("\n") else f"{text}\n")
        sys.stdout.flush()
    except BrokenPipeError:
        raise
    except OSError as error:
        from tailtune.errors import SetupError

        sys.stdout = _nowhere()  # what is left in the buffer would fail again at exit
        raise SetupError(f"the answer cannot be written: {error.strerror}", hint="see where stdout leads") from error
