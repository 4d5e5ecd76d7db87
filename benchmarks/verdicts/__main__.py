"""Verdicts beside the truth, and beside other ways of comparing.

`.venv/bin/python benchmarks/verdicts history` or `... rivals`. Each part is a module of this folder that measures, or
reads recordings, and prints its table as Markdown.
"""

import argparse
import sys
from pathlib import Path


def main() -> int:
    """Run the part that is asked for; return 1 if it failed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parts = parser.add_subparsers(dest="part", required=True)
    _add_history(parts.add_parser("history", help="public libraries at two versions: are published changes found?"))
    _add_rivals(parts.add_parser("rivals", help="what other ways of comparing say of recorded experiments"))
    options = parser.parse_args()
    try:
        _run(options)
    except (ImportError, RuntimeError, OSError) as error:
        print(f"{options.part} failed: {error}", file=sys.stderr)
        return 1
    return 0


def _add_history(part: argparse.ArgumentParser) -> None:
    part.add_argument("--cases", nargs="+", default=[], metavar="NAME", help="folders of history/; all by default")
    part.add_argument("--budget", default="8m", help="most time for a case, builds apart (%(default)s)")
    part.add_argument("--slice-duration", default="2s", help="length of one slice of load (%(default)s)")


def _add_rivals(part: argparse.ArgumentParser) -> None:
    for truth, words in (("same", "equal to"), ("slower", "slower than"), ("faster", "faster than")):
        shown = f"recordings, or folders above some, of a candidate that is {words} its baseline"
        part.add_argument(f"--{truth}", nargs="+", type=Path, default=[], metavar="DIR", help=shown)
    part.add_argument("--benchstat", default="", help="path of benchstat; from PATH by default, else its test by scipy")


def _run(options: argparse.Namespace) -> None:
    if options.part == "history":
        import history

        history.run(options.cases, ["--budget", options.budget, "--slice-duration", options.slice_duration])
    else:
        import rivals

        rivals.run(options.same, options.slower, options.faster, options.benchstat)


if __name__ == "__main__":
    sys.exit(main())
