"""Markdown."""

from collections.abc import Sequence


def table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return a table."""
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def micro(ns: float) -> str:
    """Write ns as µs."""
    return f"{ns / 1e3:,.1f} µs"


def mebibytes(size: float) -> str:
    """Write bytes as MiB."""
    return f"{size / 2**20:,.1f} MiB"
