"""Warnings as text."""

from collections.abc import Sequence

from tailtune.show.text.table import labelled


def warnings(*sources: Sequence[str]) -> list[str]:
    """Show each warning once, in the order given."""
    distinct = dict.fromkeys(text for source in sources for text in source)
    lines = [line for text in distinct for line in labelled("-", text)]
    return ["warnings", *lines] if lines else []
