"""Every command shown in a block of the documentation is one that the command line takes."""

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest

from tailtune.cli.app import app

ROOT = Path(__file__).resolve().parents[3]
DOCUMENTS = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
BLOCK = re.compile(r"^ *```\w*\n(.*?)^ *```", re.MULTILINE | re.DOTALL)
COMMAND = re.compile(r"^ *(?:\$ )?(tailtune(?: (?:'[^'\n]*'|[^#>|'\n])*)?)", re.MULTILINE)


def _shown() -> Iterator[str]:
    for document in DOCUMENTS:
        for block in BLOCK.findall(document.read_text(encoding="utf-8")):
            yield from (command.strip() for command in COMMAND.findall(block))


COMMANDS = sorted(set(_shown()))


def test_there_are_commands_to_check() -> None:
    assert "tailtune compare base fast" in COMMANDS


@pytest.mark.parametrize("command", COMMANDS)
def test_a_shown_command_is_understood(command: str) -> None:
    words = shlex.split(command)[1:]
    app.parse_args(words, exit_on_error=False, print_error=False)
