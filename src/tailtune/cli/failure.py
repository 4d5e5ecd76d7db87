"""How errors are told: what happened, the last lines of what the process said, what to do next; then the exit code."""

import os
import sys
import traceback
from collections.abc import Sequence
from difflib import get_close_matches
from typing import Final

from cyclopts import CycloptsError, UnusedCliTokensError

from tailtune.cli.terminal import say, say_labelled
from tailtune.errors import RunInterruptedError, TailtuneError, UsageError

EXIT_BUG: Final = 70
"""An unexpected exception; EX_SOFTWARE of sysexits.h."""
EXIT_PIPE: Final = 141
"""The reader of stdout went away: what a shell reports for SIGPIPE."""
COMMAND_NAMES: Final = (
    "doctor",
    "init",
    "run",
    "load",
    "profile",
    "explain",
    "compare",
    "sweep",
    "experiments",
    "knobs",
    "report",
    "schema",
    "runs",
    "selftest",
    "workload",
)
_DETAIL_LINES: Final = 20
_ISSUES: Final = "report it with the output of the same command under TAILTUNE_DEBUG=1"


def tell(error: BaseException, *, arguments: Sequence[str]) -> int:
    """Write an error to stderr (and as JSON to stdout when asked for) and return the exit code."""
    if isinstance(error, BrokenPipeError):
        return _leave_pipe()
    failure = _as_tailtune_error(error)
    if failure is None:
        _tell_bug(error, arguments)
        return EXIT_BUG
    _tell_failure(failure)
    if "--json" in arguments:
        from tailtune.cli.terminal import write
        from tailtune.show.export.json import encode_failure

        write(encode_failure(failure))
    return failure.exit_code


def _as_tailtune_error(error: BaseException) -> TailtuneError | None:
    match error:
        case TailtuneError():
            return error
        case UnusedCliTokensError(command_chain=chain, unused_tokens=[first, *_]) if not chain:
            return _unknown_command(first)
        case UnusedCliTokensError(unused_tokens=[*unused]):
            return UsageError(f"unexpected argument: {' '.join(unused)}", hint=_see_help(error))
        case CycloptsError():
            return UsageError(str(error).strip(), hint=_see_help(error))
        case KeyboardInterrupt():
            return RunInterruptedError("interrupted; nothing was being recorded")
    return None


def _see_help(error: CycloptsError) -> str:
    return f"see `{' '.join(['tailtune', *(error.command_chain or ()), '--help'])}`"


def _unknown_command(given: str) -> UsageError:
    near = get_close_matches(given, COMMAND_NAMES, n=1)
    hint = f"did you mean `tailtune {near[0]}`?" if near else "see `tailtune --help`"
    return UsageError(f"unknown command `{given}`; known: {', '.join(COMMAND_NAMES)}", hint=hint)


def _tell_failure(failure: TailtuneError) -> None:
    say_labelled("error", failure.message)
    lines = failure.detail.strip("\n").splitlines()
    if len(lines) > _DETAIL_LINES:
        say(f"  [{len(lines) - _DETAIL_LINES} earlier lines left out]")
    for line in lines[-_DETAIL_LINES:]:
        say(f"  {line}".rstrip())
    if failure.hint:
        say("")
        say_labelled("hint", failure.hint)


def _tell_bug(error: BaseException, arguments: Sequence[str]) -> None:
    if "--debug" in arguments or os.environ.get("TAILTUNE_DEBUG"):
        say("".join(traceback.format_exception(error)).rstrip())
    say_labelled("error", f"this is a bug in tailtune: {type(error).__name__}: {error}")
    say("")
    say_labelled("hint", _ISSUES)


def _leave_pipe() -> int:
    """Point stdout at nothing, so that the interpreter's own flush at exit stays quiet."""
    sink = os.open(os.devnull, os.O_WRONLY)
    os.dup2(sink, sys.stdout.fileno())
    os.close(sink)
    return EXIT_PIPE
