#!/usr/bin/env python3
"""Prints the table QUANTILES of judge/sequential.py: the largest weighted t of all looks, under no change.

Simulates experiments of independent normal epochs, looks at them after each epoch from the sixth on exactly as
`judge.sequential` does, and keeps the largest weighted |t|. Takes about three minutes with a million experiments.
"""

import sys

import numpy as np

from tailtune.judge.sequential import FEWEST, LONGEST, weighted_t

PROBABILITIES = (0.5, 0.3, 0.2, 0.1, 0.05, 0.03, 0.02, 0.01, 0.005, 0.002, 0.001, 0.0003, 0.0001)
CHUNK = 20_000


def main() -> None:
    """Simulate and write."""
    experiments = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    draw = np.random.default_rng(20_260_101)
    largest = np.concatenate(
        [
            np.max(
                [np.abs(weighted_t(values[:, :epochs])) for epochs in range(FEWEST, LONGEST + 1)],
                axis=0,
            )
            for values in (draw.standard_normal((CHUNK, LONGEST)) for _ in range(experiments // CHUNK))
        ]
    )
    for p in PROBABILITIES:
        sys.stdout.write(f"    ({p}, {np.quantile(largest, 1 - p):.3f}),\n")


if __name__ == "__main__":
    main()
