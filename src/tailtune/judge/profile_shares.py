"""How well a share of a profile is known, given the samples behind it."""

import math
from statistics import NormalDist
from typing import Final

from tailtune.model.estimate import Estimate

_CONFIDENCE: Final = 0.95
_Z: Final = NormalDist().inv_cdf((1 + _CONFIDENCE) / 2)


def share_of_value(value: float, total: float, samples: float, of_samples: float) -> Estimate:
    """Return `value` of `total` with Wilson's interval for `samples` of `of_samples`, which fall independently.

    Samples of unequal weight (allocations, times blocked) are less certain than that: the interval is the narrowest
    that can be right. No bounds where the samples are not known.
    """
    point = value / total if total else 0.0
    n = round(samples)
    if of_samples < 1 or total <= 0:
        return Estimate(point=point, low=None, high=None, confidence=_CONFIDENCE, n=n)
    share = min(1.0, samples / of_samples)
    weight = 1 + _Z**2 / of_samples
    middle = (share + _Z**2 / (2 * of_samples)) / weight
    half = _Z / weight * math.sqrt(share * (1 - share) / of_samples + (_Z / (2 * of_samples)) ** 2)
    scale = point / share if share else 1.0
    low, high = max(0.0, middle - half) * scale, min(1.0, (middle + half) * scale)
    return Estimate(point=point, low=min(low, point), high=max(high, point), confidence=_CONFIDENCE, n=n)
