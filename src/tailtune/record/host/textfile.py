"""Small text files of /proc and /sys: read where they exist and may be read, else nothing."""

from pathlib import Path

from tailtune.record.processes import proc


def text(path: Path) -> str:
    """Return the content without surrounding white space; empty when there is none for us."""
    return proc.read(path).strip()


def number(path: Path) -> int | None:
    """Return the content as a whole number; absent when it is not one."""
    content = text(path)
    return int(content) if content.removeprefix("-").isdecimal() else None


def table(path: Path) -> dict[str, str]:
    """Return `name: value` lines by name; of repeated names the first counts."""
    found: dict[str, str] = {}
    for line in text(path).splitlines():
        name, separator, value = line.partition(":")
        if separator:
            found.setdefault(name.strip(), value.strip())
    return found
