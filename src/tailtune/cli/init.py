"""`tailtune init`."""

from tailtune.cli.options import AS_TEXT, Output


def init(*, output: Output = AS_TEXT) -> None:
    """Write a short `tailtune.toml`."""
