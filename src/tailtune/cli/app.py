"""The command `tailtune`: its commands, and how each of them ends."""

import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from importlib.metadata import version
from types import FrameType
from typing import Final

from cyclopts import App, Group

from tailtune.cli.compare import compare
from tailtune.cli.detect import detect
from tailtune.cli.doctor import doctor
from tailtune.cli.experiments import experiments
from tailtune.cli.explain import explain
from tailtune.cli.failure import tell
from tailtune.cli.init import init
from tailtune.cli.knobs import knobs
from tailtune.cli.load import load
from tailtune.cli.profile import profile
from tailtune.cli.report import report
from tailtune.cli.run import run
from tailtune.cli.runs import runs
from tailtune.cli.schema import schema
from tailtune.cli.selftest import selftest
from tailtune.cli.sweep import sweep
from tailtune.cli.terminal import open_closed_streams
from tailtune.cli.workload import workload

_EPILOGUE: Final = (
    "Exit codes: 0 ok; 2 usage; 3 inconclusive (when asked to fail on it, or --fail-if undecided); "
    "4 nothing measured; 96 set-up; 100 regression confirmed (when asked to fail on it); "
    "101 build failed; 102 service not ready or died; 103 load invalid; 104 --fail-if failed; 130 interrupted. "
    "Data go to stdout, talk to stderr; every command takes --json."
)

app = App(
    name="tailtune",
    help=(
        "Find what makes a Go or Rust service's tail latency slow, and prove what fixes it. "
        "Without a command: look at the repository here and say what was found and which commands come next."
    ),
    version=lambda: f"tailtune {version('tailtune')}",
    help_epilogue=_EPILOGUE,
    help_format="markdown",
    group_commands=Group("Commands", sort_key=0),
    suppress_keyboard_interrupt=False,
)

_COMMANDS: Final[tuple[Callable[..., object], ...]] = (
    doctor,
    init,
    run,
    load,
    profile,
    explain,
    compare,
    knobs,
    sweep,
    experiments,
    report,
    schema,
)
for _order, _command in enumerate(_COMMANDS, 1):
    app.command(_command, help_epilogue="", sort_key=_order)
app.command(runs)
app.command(selftest)
app.command(workload)
app.default(detect)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return the exit code; never raises."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    open_closed_streams()
    try:
        with _termination_as_interrupt():
            code = app(given, exit_on_error=False, print_error=False, result_action="return_value")
    except (Exception, KeyboardInterrupt) as error:  # noqa: BLE001 - told, each in its way
        return tell(error, arguments=given)
    return code if isinstance(code, int) else 0


@contextmanager
def _termination_as_interrupt() -> Iterator[None]:
    """End on SIGTERM and SIGHUP as on Ctrl-C: what was recorded is kept, and what was started ends."""

    def interrupt(_number: int, _frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    defaulted = [number for number in (signal.SIGTERM, signal.SIGHUP) if signal.getsignal(number) is signal.SIG_DFL]
    for number in defaulted:
        signal.signal(number, interrupt)
    try:
        yield
    finally:
        for number in defaulted:
            signal.signal(number, signal.SIG_DFL)


if __name__ == "__main__":
    sys.exit(main())
