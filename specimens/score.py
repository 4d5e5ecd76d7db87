"""Scores `tailtune explain` against services whose one cause is known.

`.venv/bin/python specimens/score.py [names] [--seconds N] [--json FILE] [--markdown]`. Each specimen and its healthy
twin is built, run for a short time and explained; the table says what should have come first and what did, and what
was claimed of the twin. Takes about a minute a specimen, and wants a machine with nothing else to do; where there is
none, `--with nice=-15` keeps the rest from the service. A name may be the beginning of several, such as `go-`. Scores
in FILE that are not measured anew are kept, so that a table can be made in pieces; `--show` measures none, and
`--again` none either, but lets rules that have changed explain the recordings of FILE. `--unseen` takes the services of
unseen/ instead, whose authors knew no rule.
"""

import argparse
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

import msgspec
from expected import TWIN, Specimen, every
from observing import Observed, explained, observe
from scoring import Score, score
from written import put, scored

FOLDER: Final = Path(__file__).resolve().parent
UNSEEN: Final = FOLDER / "unseen"
DOCUMENT: Final = FOLDER.parent / "docs" / "specimens.md"


def main() -> None:
    """Measure what was asked for, keep and print the scores."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", help="specimens, or how their names begin; all without any")
    parser.add_argument("--unseen", action="store_true", help="those of unseen/")
    parser.add_argument("--seconds", type=int, help="of each measure window, in place of the specimen's")
    parser.add_argument("--with", dest="settings", action="append", default=[], metavar="KNOB=LEVEL")
    parser.add_argument("--instrument", action="store_true", help="let tailtune switch on what costs something")
    parser.add_argument("--json", type=Path, metavar="FILE", help="keep the scores there")
    parser.add_argument("--markdown", action="store_true", help=f"put the table into {DOCUMENT.name} as well")
    parser.add_argument("--show", action="store_true", help="measure nothing, show what FILE holds")
    parser.add_argument("--again", action="store_true", help="measure nothing, explain the recordings of FILE again")
    options = parser.parse_args()
    if (options.show or options.again) and not options.json:
        parser.error("--show and --again need --json FILE")
    try:
        chosen = [] if options.show else choose(every(UNSEEN if options.unseen else FOLDER), options.names)
    except ValueError as error:
        parser.error(str(error))
    scores = kept(options.json)
    for specimen in chosen:
        if not options.again:
            scores[specimen.name] = measure(specimen, options.seconds, options.settings, instrument=options.instrument)
        elif earlier := scores.get(specimen.name):
            scores[specimen.name] = explain_again(specimen, earlier)
        keep(options.json, scores)
    text = scored([scores[name] for name in sorted(scores)])
    print(text)
    if options.markdown:
        put(DOCUMENT, text, "unseen" if options.unseen else "specimens")


def choose(all_of: Sequence[Specimen], names: Sequence[str]) -> list[Specimen]:
    """Return the specimens whose names begin like one of `names`; all without any.

    Raises:
        ValueError: for a name that none begins with.
    """
    for name in names:
        if not any(one.name.startswith(name) for one in all_of):
            raise ValueError(f"no specimen is called {name}; there are {', '.join(one.name for one in all_of)}")
    return [one for one in all_of if not names or one.name.startswith(tuple(names))]


def measure(specimen: Specimen, seconds: int | None, settings: Sequence[str] = (), *, instrument: bool) -> Score:
    """Run a specimen and its twin; `settings` are added to both variants, as in `base+nice=-15`."""
    planted, healthy = (
        observed(specimen, "+".join([variant, *settings]), seconds, instrument=instrument)
        for variant in (specimen.expected.variant, TWIN)
    )
    return score(specimen, planted, healthy)


def explain_again(specimen: Specimen, earlier: Score) -> Score:
    """Explain the recordings of an earlier score as rules explain them now; what has none stays as it was."""
    sides = (earlier.planted, earlier.healthy)
    planted, healthy = (explained(specimen.config, one.bundle_id) if one.bundle_id else one for one in sides)
    return score(specimen, planted, healthy)


def observed(specimen: Specimen, variant: str, seconds: int | None, *, instrument: bool) -> Observed:
    """Run one variant, and say so."""
    print(f"{specimen.name}: {variant}", file=sys.stderr, flush=True)
    asked = {"--instrument": instrument, "--simulate-caches": specimen.expected.simulate_caches}
    options = [option for option, wanted in asked.items() if wanted]
    found = observe(specimen.config, variant, seconds or specimen.expected.seconds, options=options)
    if found.error:
        print(f"  {found.error}", file=sys.stderr, flush=True)
    return found


def kept(path: Path | None) -> dict[str, Score]:
    """Return the scores of a file by name; none if there is no file yet."""
    if path is None or not path.exists():
        return {}
    return {one.name: one for one in msgspec.json.decode(path.read_bytes(), type=list[Score])}


def keep(path: Path | None, scores: Mapping[str, Score]) -> None:
    """Write all scores down."""
    if path is not None:
        path.write_bytes(msgspec.json.format(msgspec.json.encode(list(scores.values()))))


if __name__ == "__main__":
    main()
