"""A real history of optimisation, replayed: public libraries at two versions, and what was published of the change.

`.venv/bin/python benchmarks/verdicts history [--cases NAME ...]`. Needs Go, cargo, and the registries of both or what
they have cached. Each case is a folder of `history/` with a service around one call of the library; `tailtune compare
base after` judges the versions, and the table says whether the published direction was found.
"""

import json
import subprocess
import sys
import tomllib
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

_FOLDER: Final = Path(__file__).resolve().parent / "history"
_TAILTUNE: Final = Path(sys.executable).parent / "tailtune"
_NOT_MEASURED: Final[dict[str, Any]] = {"verdict": "inconclusive", "ratio": None}
_UNDECIDED: Final = {"inconclusive", "unsteady", "too-noisy", "invalid"}


@dataclass(frozen=True)
class Expectation:
    """What was published of one metric, and the verdict that agrees with it."""

    metric: str
    verdict: str
    published: str
    source: str
    """Address; empty where nothing was published, because nothing changed."""


@dataclass(frozen=True)
class Case:
    """One change between two versions."""

    name: str
    change: str
    expect: list[Expectation]


def known() -> dict[str, Case]:
    """Read the cases by name."""
    tables = tomllib.loads((_FOLDER / "cases.toml").read_text(encoding="utf-8"))
    return {
        name: Case(name, table["change"], [Expectation(**one) for one in table["expect"]])
        for name, table in tables.items()
    }


def run(wanted: list[str], arguments: list[str]) -> None:
    """Compare the wanted cases, all if none is named, with further `arguments` of `tailtune compare`; print a table.

    Raises:
        RuntimeError: if a case is unknown, or a comparison failed.
    """
    cases = known()
    if unknown := set(wanted) - set(cases):
        raise RuntimeError(f"no case is called {', '.join(sorted(unknown))}; known: {', '.join(cases)}")
    print("| case | change | metric | published | measured | verdict | |\n|---|---|---|---|---|---|---|")
    answers = Counter[str]()
    for name in wanted or cases:
        answers.update(_replayed(cases[name], arguments))
    print(f"\n{', '.join(f'{count} {answer}' for answer, count in answers.items())}")
    if answers["failed"]:
        raise RuntimeError("not all cases could be compared")


def _replayed(case: Case, arguments: list[str]) -> list[str]:
    """Compare one case, print a row for each expected metric, and return whether each is right."""
    wanted = [argument for one in case.expect for argument in ("--decide", one.metric)]
    command = [str(_TAILTUNE), "compare", "base", "after", "--json", "--quiet", *wanted, *arguments]
    done = subprocess.run(command, cwd=_FOLDER / case.name, capture_output=True, text=True, check=False)
    if done.returncode or not done.stdout.strip():
        print(f"| `{case.name}` | {case.change} | | | {done.stderr.strip()[-300:]!r} | | failed |", flush=True)
        return ["failed"]
    metrics = {one["metric"]: one for one in json.loads(done.stdout)["comparison"]["metrics"]}
    return [_row(case, expected, metrics.get(expected.metric, _NOT_MEASURED)) for expected in case.expect]


def _row(case: Case, expected: Expectation, found: dict[str, Any]) -> str:
    """Print one row; return whether it is right."""
    answer = assessed(found["verdict"], expected.verdict)
    figure = f"[{expected.published}]({expected.source})" if expected.source else expected.published
    cells = [f"`{case.name}`", case.change, expected.metric, figure, measured(found), found["verdict"], answer]
    print(f"| {' | '.join(cells)} |", flush=True)
    return answer


def assessed(verdict: str, expected: str) -> str:
    """Whether a verdict is `right`, `wrong`, or `undecided`, which claims nothing."""
    if verdict == expected:
        return "right"
    return "undecided" if verdict in _UNDECIDED else "wrong"


def measured(found: dict[str, Any]) -> str:
    """Return the measured change of a metric with its interval, in words."""
    ratio = found["ratio"]
    if not ratio:
        return "n/a"
    if ratio["low"] is None:
        return f"{ratio['point'] - 1:+.1%} from {ratio['n']} epochs"
    return f"{ratio['point'] - 1:+.1%} [{ratio['low'] - 1:+.1%}, {ratio['high'] - 1:+.1%}]"
