"""What is explained of a service that is run for a test, by the commands that a user gives."""

import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any


def run_and_explain(folder: Path, variant: str, before: Sequence[str] = (), *, seconds: float = 240) -> dict[str, Any]:
    """Run a variant of the project in a folder and return its explanation; `before` stands before each command.

    Each command may take so many seconds.
    """
    for arguments in (("run", "--variant", variant), ("explain", "--json")):
        command = [*before, sys.executable, "-m", "tailtune", *arguments]
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, timeout=seconds)
        assert done.returncode in (0, 103), done.stderr  # a disturbed machine may spoil the load, and says so
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def found_by(rule: str, folder: Path, variant: str, *, tries: int = 1) -> list[dict[str, Any]]:
    """Return what a rule finds in a run of a variant; where that is nothing, after further tries.

    A service beside other work does not always get what shows its cause: a steady rate, CPU time for samples.
    """
    found = [one for one in run_and_explain(folder, variant)["findings"] if one["rule"] == rule]
    return found if found or tries == 1 else found_by(rule, folder, variant, tries=tries - 1)
