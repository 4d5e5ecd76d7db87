"""The main job on two real services: run, explain, compare, and an A/A.

Prints each command before its output, checks what the commands answer, and ends with exit code 1 if one of the
planted inefficiencies was not named or a comparison did not say what it must.
"""

import json
import shlex
import subprocess
import sys
import time
from pathlib import Path

EXAMPLES = Path(__file__).resolve().parent
TAILTUNE = [sys.executable, "-m", "tailtune"]
PLANTED = {
    "go-markdown": ("regexp", "mutex", "lock", "alloc", "gc"),
    "rust-search": ("sip", "hash", "clone", "alloc", "mutex", "lock"),
}
"""Words, one of which must be in the title of one of the first three findings."""


def tailtune(folder: Path, *arguments: str) -> None:
    """Run a command as a user would, output and all."""
    print(f"\n$ tailtune {shlex.join(arguments)}", flush=True)
    subprocess.run([*TAILTUNE, *arguments], cwd=folder, check=True)


def answer(folder: Path, *arguments: str) -> dict:
    """Run a command for its JSON."""
    done = subprocess.run([*TAILTUNE, *arguments, "--json"], cwd=folder, check=True, stdout=subprocess.PIPE)
    return json.loads(done.stdout)


def check(ok: bool, text: str) -> bool:
    """Print one checked promise."""
    print(f"  {'ok  ' if ok else 'FAIL'} {text}", flush=True)
    return ok


def show(folder: Path) -> bool:
    """Take one service through the loop."""
    print(f"\n{'─' * 8} {folder.name} {'─' * 60}")
    tailtune(folder, "run", "--duration", "12s")
    tailtune(folder, "explain")
    tailtune(folder, "compare", "base", "fast", "--epochs", "6")
    tailtune(folder, "compare", "base", "same", "--epochs", "2")

    titles = [finding["title"] for finding in answer(folder, "explain")["findings"][:3]]
    words = PLANTED[folder.name]
    named = any(word in title.lower() for word in words for title in titles)
    recordings = answer(folder, "runs", "list")["runs"]
    experiments = sorted(run["id"] for run in recordings if run["kind"] == "experiment")
    fast, same = (answer(folder, "report", identifier)["comparison"] for identifier in experiments[-2:])
    cpu = next(metric for metric in fast["metrics"] if metric["metric"] == "cpu_per_request")
    print()
    return all(
        [
            check(named, f"explain names a planted inefficiency among its first three findings: {titles}"),
            check(cpu["verdict"] == "improved", f"compare base fast: CPU per request {cpu['verdict']}"),
            check(same["is_aa"], "compare base same: recognised as an A/A"),
        ]
    )


def main() -> int:
    """Run the demonstration; 0 when everything held."""
    started = time.monotonic()
    print("Gathering real text from the toolchains' documentation ...", flush=True)
    subprocess.run([sys.executable, str(EXAMPLES / "corpus.py")], check=True)
    tailtune(EXAMPLES / "go-markdown", "doctor", "--quick")
    held = [show(EXAMPLES / name) for name in PLANTED]
    print(f"\nDone in {(time.monotonic() - started) / 60:.1f} minutes. Recordings are under examples/*/.tailtune/.")
    return 0 if all(held) else 1


if __name__ == "__main__":
    sys.exit(main())
