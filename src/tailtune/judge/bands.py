"""What the parts of latency amount to, for requests around the median and in the tail."""

import math
import re
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from tailtune.errors import UsageError
from tailtune.judge.blocked_causes import CAUSES, Cause
from tailtune.judge.grouped_times import Flags, Integers
from tailtune.judge.part_names import RESIDUE, kind_of_part
from tailtune.judge.part_places import PartPlaces
from tailtune.judge.quantiles import persistence
from tailtune.judge.request_parts import RequestParts
from tailtune.model.estimate import REQUESTS_PER_TAIL, Estimate
from tailtune.model.request_parts import Band, PartKind, PartShare, RequestBands, Undivided
from tailtune.model.units import format_quantile, format_share

_CONFIDENCE: Final = 0.95
_SLICES: Final = 24
"""Equal lengths of the window that shares are compared between; in eight seconds, a third of a second each."""
_FEWEST_SLICES: Final = 3
_FEWEST: Final = math.ceil(REQUESTS_PER_TAIL)
"""Requests that a band needs."""
_EXAMPLES: Final = 3
_ROUNDING: Final = 1e-9
_SLOWEST: Final = 0.99
_BAND: Final = re.compile(r"p?(?P<low>\d{1,2}(\.\d+)?)(-p?(?P<high>\d{1,3}(\.\d+)?))?")


class Ranks(NamedTuple):
    """Requests of the ranks above `low` up to `high`, as quantiles in [0, 1]."""

    low: float
    high: float

    @property
    def name(self) -> str:
        """`p45-p55`, or `above p99`."""
        if self.high >= 1:
            return f"above {format_quantile(self.low)}"
        return f"{format_quantile(self.low)}-{format_quantile(self.high)}"


BANDS: Final = (Ranks(0.45, 0.55), Ranks(0.9, 0.99), Ranks(_SLOWEST, 1.0))


def parse_band(text: str) -> Ranks:
    """Read `p99.9`, which means all requests above, or `p90-p99`.

    Raises:
        UsageError: if it is neither.
    """
    found = _BAND.fullmatch(text.strip())
    low, high = (float(found["low"]), float(found["high"] or 100)) if found else (1.0, 0.0)
    if not low < high <= 100:
        raise UsageError(f"{text!r} is no band of percentiles", hint="write p99.9 for all above it, or p90-p99")
    return Ranks(round(low / 100, 12), round(high / 100, 12))


def bands_of(parts: RequestParts, window: str, chosen: Ranks | None = None) -> RequestBands:
    """Return where the time of a window's requests goes: in the usual bands, or in the one chosen."""
    judge = _Judge(parts)
    wanted = (chosen,) if chosen else BANDS
    bands = [band for one in wanted if (band := judge.band(one)) is not None]
    windows = parts.windows
    divided = windows.is_told & parts.usable
    has_states = np.full(len(windows), len(parts.times) > 0) | parts.is_followed
    return RequestBands(
        window=window,
        requests=len(windows),
        divided=int(np.count_nonzero(divided)),
        handed_over=int(np.count_nonzero(divided & has_states & ~parts.is_whole)),
        bands=bands,
        coverage=judge.coverage(),
        undivided=[Undivided(reason=reason, requests=count) for reason, count in windows.untold_counts().items()],
        warnings=[*_warnings(parts), *_too_few(judge, wanted)],
        followed=int(np.count_nonzero(divided & parts.is_followed)),
    )


def slowest_of(parts: RequestParts, above: float = _SLOWEST) -> Integers:
    """Return the rows of the requests above a quantile, the slowest first; none where they are too few to be a band."""
    rows = _Judge(parts).ranked(Ranks(above, 1.0))
    return rows[::-1] if len(rows) >= _FEWEST else rows[:0]


class _Judge:
    """The requests of a window in the order of their latency."""

    def __init__(self, parts: RequestParts) -> None:
        self._parts = parts
        self._latency = parts.windows.latency_ns
        usable = np.flatnonzero(parts.usable)
        self._order: Integers = usable[np.argsort(self._latency[usable], kind="stable")]
        self._slice = slices(parts.windows.requests["intended_ns"], usable)
        self._places = PartPlaces(parts)

    def ranked(self, ranks: Ranks) -> Integers:
        """Return the rows of a band's requests, fastest first."""
        count = len(self._order)
        first, behind = (math.floor(q * count + _ROUNDING) for q in ranks)
        return self._order[first:behind]

    def band(self, ranks: Ranks) -> Band | None:
        rows = self.ranked(ranks)
        if len(rows) < _FEWEST:
            return None
        latency = self._latency[rows]
        computing, waiting, unknown = (self._share(rows, self._sum_of(kind, rows)) for kind in PartKind)
        return Band(
            name=ranks.name,
            low_q=ranks.low,
            high_q=ranks.high,
            requests=len(rows),
            least_ns=int(latency[0]),
            most_ns=int(latency[-1]),
            mean_ns=float(latency.mean()),
            computing=computing,
            waiting=waiting,
            unknown=unknown,
            parts=self._shares(rows),
            examples=[f"r{row}" for row in rows[: -_EXAMPLES - 1 : -1].tolist()],
        )

    def coverage(self) -> Estimate | None:
        """Return the share of the slowest requests' latency that is in parts of which it is known what they are."""
        rows = self.ranked(Ranks(_SLOWEST, 1.0))
        if len(rows) < _FEWEST:
            return None
        return self._share(rows, self._latency[rows] - self._sum_of(PartKind.UNKNOWN, rows))

    def _sum_of(self, kind: PartKind, rows: Integers) -> Integers:
        of_kind = [values[rows] for name, values in self._parts.parts.items() if kind_of_part(name) is kind]
        return sum(of_kind, np.zeros(len(rows), dtype=np.int64))

    def _shares(self, rows: Integers) -> list[PartShare]:
        """Return the parts that occur in the band, largest first, and the residue also where there is none."""
        members: Flags = np.zeros(len(self._latency), dtype=np.bool_)
        members[rows] = True
        spent = {name: values[rows] for name, values in self._parts.parts.items() if values[rows].any()}
        spent.setdefault(RESIDUE, np.zeros(len(rows), dtype=np.int64))
        found = [
            PartShare(
                part=name,
                kind=kind_of_part(name),
                share=self._share(rows, values),
                mean_ns=float(values.mean()),
                places=self._places.of(name, members),
                holders=self._places.holders(name, members),
                at_once=self._places.taken_at_once(name, members),
                on_pool=self._places.on_pool(name, members),
                together=self._places.together(name, members),
                then_runnable=self._then_runnable(name, rows),
            )
            for name, values in spent.items()
        ]
        return sorted(found, key=lambda one: (one.part == RESIDUE, -one.share.point, one.part))

    def _then_runnable(self, part: str, rows: Integers) -> Estimate | None:
        """Return how much of the latency is the wait for a CPU right behind waits for a cause; None for other parts."""
        cause = next((one for one in CAUSES if one == part), None)
        whole = rows[self._parts.is_whole[rows]]
        if cause is None or not len(whole):
            return None
        windows = self._parts.windows
        spent = np.zeros(len(rows), dtype=np.int64)
        spent[self._parts.is_whole[rows]] = self._parts.times.runnable_after(
            cause, windows.reader[whole], windows.arrival_ns[whole], windows.departure_ns[whole]
        )
        return self._share(rows, spent) if spent.any() else None

    def _share(self, rows: Integers, spent: Integers) -> Estimate:
        return share_of_time(spent, self._latency[rows], self._slice[rows])


def share_of_time(spent: Integers, latency: Integers, piece: Integers) -> Estimate:
    """Return the share of latency that requests spent in a part, with the interval of a ratio of sums.

    Requests of one moment share its queue, its collection, its machine, and are no independent units. So the variance
    is that between pieces of the window, Σ(y - R·x)² K/(K-1) / (Σx)² for the sums y and x of K pieces (Cochran,
    Sampling Techniques, 1977, section 6.3), with Student's t, and widened where neighboring pieces are alike. No bounds
    with fewer than three pieces.

    Args:
        spent: ns in the part, of each request.
        latency: ns altogether.
        piece: number of the piece of the window in which the request began.
    """
    total = float(latency.sum())
    point = min(1.0, float(spent.sum()) / total) if total else 0.0
    number, place = np.unique(piece, return_inverse=True)
    count = len(number)
    if count < _FEWEST_SLICES or not total:
        return Estimate(point=point, low=None, high=None, confidence=_CONFIDENCE, n=len(latency))
    from scipy import stats

    sums: list[npt.NDArray[np.float64]] = [
        np.bincount(place.ravel(), values.astype(np.float64), count).astype(np.float64) for values in (spent, latency)
    ]
    residuals = sums[0] - point * sums[1]
    variance = float(residuals @ residuals) * count / (count - 1) / total**2 * persistence(residuals)
    off = float(stats.t.ppf((1 + _CONFIDENCE) / 2, count - 1)) * math.sqrt(variance)
    low, high = max(0.0, point - off), min(1.0, point + off)
    return Estimate(point=point, low=low, high=high, confidence=_CONFIDENCE, n=len(latency))


def slices(intended: Integers, usable: Integers) -> Integers:
    """Return in which of `_SLICES` equal pieces of the window each request was to start."""
    if not len(usable):
        return np.zeros(len(intended), dtype=np.int64)
    begin, end = int(intended[usable].min()), int(intended[usable].max())
    length = max(1, -(-(end - begin + 1) // _SLICES))
    return np.clip((intended - begin) // length, 0, _SLICES - 1)


def _warnings(parts: RequestParts) -> list[str]:
    backwards = int(np.count_nonzero(~parts.usable))
    found = list(parts.warnings)
    if backwards:
        found.append(f"{backwards:,} requests ended before they were to start: the recording's clocks disagree")
    if parts.times.cut:
        found.append(f"{parts.times.cut:,} waits of threads overlap the next one and were cut: records were lost")
    if len(parts.windows) and not len(parts.times):
        found.append("what threads did was not recorded, so that the server's part is not divided further")
    unknown = parts.parts.get(Cause.UNKNOWN)
    if unknown is not None and parts.usable.any():
        share = float(unknown.sum()) / max(1.0, float(parts.windows.latency_ns[parts.usable].sum()))
        if share > 0.1:
            found.append(f"{format_share(share)} of all latency is blocked at stacks whose cause no pattern tells")
    return found


def _too_few(judge: _Judge, wanted: tuple[Ranks, ...]) -> list[str]:
    counts = {one.name: len(judge.ranked(one)) for one in wanted}
    return [
        f"{name}: too few requests ({count}) to say where their time goes"
        for name, count in counts.items()
        if count < _FEWEST
    ]
