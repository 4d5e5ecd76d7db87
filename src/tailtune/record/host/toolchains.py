"""Which compilers are here, and what simulates caches, asked themselves."""

import os
import re
import subprocess
from pathlib import Path
from typing import Final

_ASK: Final[dict[str, list[str]]] = {
    "go": ["go", "version"],
    "rustc": ["rustc", "--version"],
    "cargo": ["cargo", "--version"],
    "valgrind": ["valgrind", "--version"],
}
_VERSION: Final = re.compile(r"\b(?:go)?(\d+\.\d+(?:\.\d+)?\S*)")
TIMEOUT_S: Final = 20.0

OFFLINE: Final[dict[str, str]] = {"GOPROXY": "off", "GOTOOLCHAIN": "local", "RUSTUP_AUTO_INSTALL": "0"}
"""A question must not download anything, not even the toolchain that a project asks for."""


def toolchains(directory: Path) -> dict[str, str]:
    """Return name → version of the toolchains that answer in `directory`, where a project may choose its own."""
    found = {}
    for name, command in _ASK.items():
        version = _VERSION.search(ask(command, directory))
        if version:
            found[name] = version.group(1)
    return found


def ask(command: list[str], directory: Path, timeout_s: float = TIMEOUT_S) -> str:
    """Return what a tool prints; empty when it is not there, fails or takes too long."""
    try:
        answer = subprocess.run(
            command,
            cwd=directory,
            env={**os.environ, **OFFLINE},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=timeout_s,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return answer.stdout.decode("utf-8", "replace") if answer.returncode == 0 else ""
