"""Many tests at once: which of them may be called significant, so that hardly ever one of all is by chance."""

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]


def testable(smallest: Floats, alpha: float) -> npt.NDArray[np.bool_]:
    """Return which tests can reach significance at all, given the smallest p that each could give.

    Tarone 1990 (Biometrics 46, 515-522): a test whose smallest p is above alpha / K can never be a false alarm, with K
    the least number for which no more than K tests remain. So thousands of functions with hardly a sample cost the
    others nothing.
    """
    ascending = np.sort(smallest)
    tests = len(ascending)
    if not tests:
        return np.zeros(0, dtype=bool)
    sizes = np.arange(1, tests + 1)
    enough = np.searchsorted(ascending, alpha / sizes, side="right") <= sizes
    return np.asarray(smallest <= alpha / sizes[int(np.argmax(enough))])


def holm(p: Floats) -> Floats:
    """Return p adjusted by Holm's step-down (1979, Scandinavian Journal of Statistics 6, 65-70), in the order given.

    It holds whatever the dependence of the tests: callers contain their callees.
    """
    order = np.argsort(p)
    steps = np.maximum.accumulate(p[order] * np.arange(len(p), 0, -1))
    adjusted = np.empty_like(p)
    adjusted[order] = np.minimum(1.0, steps)
    return adjusted
