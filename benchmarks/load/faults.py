"""Does the engine notice when its load goes wrong? Runs with a fault on purpose, and clean ones.

`.venv/bin/python benchmarks/load/faults.py [--faults 200] [--clean 50]`; about 2 seconds a run.
"""

import argparse
import sys
import tempfile
from collections import Counter, defaultdict
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from tables import table
from tests.support.faults import FAULTS, bench, clean, codes

from tailtune.model.load import Validity

SECONDS = 1.5


def measure(faults: int, cleans: int) -> None:
    """Print how many runs of each kind were called what."""
    called: dict[str, Counter[str]] = defaultdict(Counter)
    why: dict[str, Counter[str]] = defaultdict(Counter)
    missed: list[str] = []
    kinds = [*FAULTS]
    with tempfile.TemporaryDirectory() as folder, bench(Path(folder)) as stands:
        injected = 0
        for seed in range(faults + cleans):
            # Clean runs are spread between the others, so that both see the same machine.
            is_clean = (seed + 1) * cleans // (faults + cleans) > seed * cleans // (faults + cleans)
            kind = "none" if is_clean else kinds[injected % len(kinds)]
            injected += not is_clean
            report = FAULTS.get(kind, clean)(stands, seed, SECONDS).report
            called[kind][report.validity] += 1
            why[kind].update(reason.code for reason in report.reasons)
            if kind in FAULTS and report.validity is Validity.VALID:
                missed.append(f"{kind}, seed {seed}: {codes(report)}")
    print("\n### Fault injection\n")
    rows = [
        [kind, *(str(found[one]) for one in Validity), ", ".join(f"{code} {n}" for code, n in why[kind].most_common(4))]
        for kind, found in sorted(called.items())
    ]
    print(table(["fault", *(str(one) for one in Validity), "reasons"], rows))
    print("\n".join(f"missed: {one}" for one in missed))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--faults", type=int, default=200)
    parser.add_argument("--clean", type=int, default=50)
    options = parser.parse_args()
    measure(options.faults, options.clean)
