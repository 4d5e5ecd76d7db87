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
    "go-markdown": ("allocating", "regular expression", "pageCache"),
    "rust-search": ("allocating", "SipHash", "lock"),
}
"""What names a planted inefficiency in the title of a finding; the README of each example lists them all."""


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
    tailtune(folder, "run", "--duration", "10s")
    tailtune(folder, "explain")
    tailtune(folder, "compare", "base", "fast", "--epochs", "8", "--slice-duration", "2s")
    tailtune(folder, "compare", "base", "same", "--epochs", "1", "--slice-duration", "1s", "--no-probe")

    titles = [finding["title"] for finding in answer(folder, "explain")["findings"][:3]]
    words = PLANTED[folder.name]
    named = sum(any(word in title for title in titles) for word in words)
    recordings = answer(folder, "runs", "list")["recordings"]
    experiments = sorted(run["id"] for run in recordings if run["kind"] == "experiment")
    fast, same = (answer(folder, "report", identifier)["comparison"] for identifier in experiments[-2:])
    cpu = next(metric for metric in fast["metrics"] if metric["metric"] == "cpu_per_request")
    print()
    return all(
        [
            check(named >= 2, f"explain: {named} of its first three findings name a planted inefficiency"),
            check(cpu["verdict"] == "improved", f"compare base fast: CPU per request {cpu['verdict']}"),
            check(same["is_aa"], "compare base same: recognised as an A/A"),
        ]
    )


def main() -> int:
    """Run the demonstration; 0 when everything held."""
    started = time.monotonic()
    print("Gathering real text from the toolchains' documentation ...", flush=True)
    subprocess.run([sys.executable, str(EXAMPLES / "corpus.py")], check=True)
    tailtune(EXAMPLES / "go-markdown", "doctor")
    held = [show(EXAMPLES / name) for name in PLANTED]
    print(f"\nDone in {(time.monotonic() - started) / 60:.1f} minutes. Recordings are under examples/*/.tailtune/.")
    return 0 if all(held) else 1


if __name__ == "__main__":
    sys.exit(main())
