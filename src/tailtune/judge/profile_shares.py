"""How well a share of a profile is known, given the samples behind it."""

import math
from statistics import NormalDist
from typing import Final

from tailtune.model.estimate import Estimate

_CONFIDENCE: Final = 0.95
_Z: Final = NormalDist().inv_cdf((1 + _CONFIDENCE) / 2)


def share_of_value(value: float, total: float, samples: float, effective: float) -> Estimate:
    """Return `value` of `total` with Wilson's interval, which takes samples to fall independently.

    `effective` is Kish's number of samples that would be as certain if all weighed the same: (sum w)² / sum w². A few
    heavy ones (a long wait among short ones) so give a wide interval. No bounds without samples. n: `samples`.
    """
    point = value / total if total else 0.0
    n = round(samples)
    if effective < 1 or total <= 0:
        return Estimate(point=point, low=None, high=None, confidence=_CONFIDENCE, n=n)
    scale = 1 + _Z**2 / effective
    middle = (point + _Z**2 / (2 * effective)) / scale
    half = _Z / scale * math.sqrt(max(0.0, point * (1 - point)) / effective + (_Z / (2 * effective)) ** 2)
    low, high = max(0.0, middle - half), min(1.0, middle + half)
    return Estimate(point=point, low=min(low, point), high=max(high, point), confidence=_CONFIDENCE, n=n)
