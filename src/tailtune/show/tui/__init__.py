"""The terminal views that take keys. They need Textual: the extra `tui`."""

from typing import TYPE_CHECKING

from tailtune.errors import UsageError

if TYPE_CHECKING:
    from tailtune.model.icicle import IcicleSource


def show_icicle(view: "IcicleSource", title: str) -> None:
    """Show an icicle that is zoomed and searched by keyboard, until the user quits.

    Raises:
        UsageError: if Textual is not installed.
    """
    try:
        import textual  # noqa: F401 - is it there?
    except ImportError as error:
        raise UsageError(
            "the view that takes keys needs Textual, which is not installed", hint="pip install 'tailtune[tui]'"
        ) from error
    from tailtune.show.tui.app import IcicleApp

    IcicleApp(view, title).run()
