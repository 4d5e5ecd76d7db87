"""How popular keys are: counted with bounded memory, and Zipf's law fitted to the counts."""

from collections import Counter
from typing import Final

import numpy as np
from scipy import optimize

MOST_KEYS: Final = 20_000
_STEEPEST: Final = 4.0
_EXACT_RANKS: Final = 10_000


class Keys:
    """Counts of keys; the rarest are forgotten one by one when there are too many, but not their number."""

    def __init__(self) -> None:
        """Begin without any."""
        self.counts: Counter[int] = Counter()
        """By the hash of the key: what is learned needs no key."""
        self.forgotten_keys = 0
        self.forgotten_requests = 0
        """Of the keys that were forgotten, together."""

    def add(self, key: str, count: int = 1) -> None:
        """Count a key."""
        self.counts[hash(key)] += count
        if len(self.counts) > MOST_KEYS:
            self._forget()

    def merge(self, other: "Keys") -> None:
        """Take over the counts of another position."""
        self.counts.update(other.counts)
        self.forgotten_keys += other.forgotten_keys
        self.forgotten_requests += other.forgotten_requests
        if len(self.counts) > MOST_KEYS:
            self._forget()

    def _forget(self) -> None:
        """Forget the rarer half."""
        kept = self.counts.most_common(MOST_KEYS // 2)
        self.forgotten_requests += self.counts.total() - sum(count for _, count in kept)
        self.forgotten_keys += len(self.counts) - len(kept)
        self.counts = Counter(dict(kept))

    @property
    def distinct(self) -> int:
        """How many keys there were; too many rather than too few when some were forgotten."""
        return len(self.counts) + self.forgotten_keys

    def exponent(self) -> float:
        """Return the exponent of Zipf's law, by maximum likelihood; 0 for less than 2 keys."""
        ranked = np.sort(np.fromiter(self.counts.values(), dtype=np.float64, count=len(self.counts)))[::-1]
        return zipf_exponent(ranked, self.forgotten_keys, self.forgotten_requests)


def zipf_exponent(counts: np.ndarray, further_keys: int = 0, further_requests: int = 0) -> float:
    """Return the s that makes counts by rank most likely under a share of rank k proportional to k^-s.

    Args:
        counts: Requests by rank, most first.
        further_keys: Keys of higher ranks whose counts are not known one by one.
        further_requests: Requests of those together.
    """
    kept, keys = len(counts), len(counts) + further_keys
    if keys < 2:
        return 0.0
    log_ranks = np.log(np.arange(1, kept + 1))
    weighted = float(counts @ log_ranks)
    if further_keys:
        weighted += further_requests * (np.log(kept + 1) + np.log(keys)) / 2
    total = float(counts.sum()) + further_requests

    def loss(s: float) -> float:
        return float(s * weighted + total * np.log(_harmonic(keys, s)))

    found = optimize.minimize_scalar(loss, bounds=(0.0, _STEEPEST), method="bounded", options={"xatol": 1e-3})
    return float(found.x)


def _harmonic(n: int, s: float) -> float:
    """Return the sum of k^-s for k up to n; beyond _EXACT_RANKS by its integral (Euler and Maclaurin)."""
    exact = min(n, _EXACT_RANKS)
    head = float(np.sum(np.arange(1, exact + 1, dtype=np.float64) ** -s))
    if n == exact:
        return head
    low, high = exact + 0.5, n + 0.5
    if abs(s - 1) < 1e-9:
        return head + float(np.log(high / low))
    return head + float((high ** (1 - s) - low ** (1 - s)) / (1 - s))
