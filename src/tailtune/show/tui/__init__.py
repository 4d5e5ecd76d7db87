"""The terminal views that take keys. They need Textual: the extra `tui`."""

import sys
from typing import TYPE_CHECKING

from tailtune.errors import UsageError

if TYPE_CHECKING:
    from tailtune.model.icicle import IcicleSource


def check_icicle() -> None:
    """Do nothing where the icicle can be shown.

    Raises:
        UsageError: if Textual is not installed, or there is no terminal.
    """
    try:
        import textual  # noqa: F401 - is it there?
    except ImportError as error:
        raise UsageError(
            "the view that takes keys needs Textual, which is not installed", hint="pip install 'tailtune[tui]'"
        ) from error
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise UsageError("the view that takes keys needs a terminal", hint="--tree prints the calls as text")


def show_icicle(view: "IcicleSource", title: str) -> None:
    """Show an icicle that is zoomed and searched by keyboard, until the user quits.

    Raises:
        UsageError: if Textual is not installed.
    """
    check_icicle()
    from tailtune.show.tui.app import IcicleApp

    IcicleApp(view, title).run()
