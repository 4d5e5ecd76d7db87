"""One second of a load while it runs, with what is wrong with it."""

import msgspec

from tailtune.model.load import Reason, Validity


class LiveSecond(msgspec.Struct, frozen=True, kw_only=True):
    """What the live line shows; times in ns."""

    elapsed_s: float
    total_s: float
    """Length of the schedule."""
    rate_per_s: float
    """Requests sent."""
    p50_ns: float
    p99_ns: float
    """Of the requests that ended in this second, latency from the intended start."""
    lag_p99_ns: float | None
    """Actual minus intended send; absent in a closed loop, where nothing is late."""
    errors: int
    in_flight: int
    reasons: list[Reason] = []
    """Of this second alone; the validity of the whole load is judged at its end."""
    validity: Validity = Validity.VALID
    """The worst of them."""
