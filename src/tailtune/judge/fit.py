"""Learns a workload from the requests of a log, one after the other, and forgets the requests.

What is kept of a log: frequent plain words of its paths and names of parameters, counts, and shapes of
distributions, rounded. Keys, values, addresses and bodies are counted by their hashes and made anew.
"""

import math
import re
from collections import Counter
from typing import Final

import msgspec
import numpy as np

from tailtune.judge.fit_keys import Keys
from tailtune.judge.fit_rates import Bursts, Level, RateBins, bursts, dispersion, levels
from tailtune.judge.fit_routes import FEWEST, FREQUENT, Tree, is_word
from tailtune.model.generator import Generator, LogNormal, Number
from tailtune.model.profile import Shape, Stage
from tailtune.model.units import NS_PER_S, Duration
from tailtune.model.workload import Operation, Workload

_MOST_ROUTES: Final = 2_000
_MOST_PARAMETERS: Final = 16
_PARAMETER: Final = re.compile(r"[A-Za-z_]{1,24}(?:[-_.][A-Za-z_]{1,24}){0,2}")
_USUALLY: Final = 0.5
"""Share of a route's requests from which on a parameter or a body belongs to it."""
_TYPES: Final = frozenset({"application/json", "application/x-www-form-urlencoded", "application/xml", "text/plain"})
_METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_FLAT: Final = 0.05
"""Below this exponent all keys are about equally popular."""
_DIGITS: Final = 3

Route = tuple[str, tuple[str, ...]]
_KEY: Final = "\0key"


class Details(msgspec.Struct):
    """What is known of one route besides its path."""

    count: int = 0
    statuses: Counter[int] = msgspec.field(default_factory=Counter)
    parameters: dict[str, Keys] = msgspec.field(default_factory=dict)
    present: Counter[str] = msgspec.field(default_factory=Counter)
    types: Counter[str] = msgspec.field(default_factory=Counter)
    bodies: int = 0
    log_sum: float = 0.0
    log_squares: float = 0.0
    largest: int = 0

    def merge(self, other: "Details") -> None:
        """Take over what is known of another route."""
        self.count += other.count
        self.statuses.update(other.statuses)
        self.present.update(other.present)
        self.types.update(other.types)
        for name, keys in other.parameters.items():
            self.parameters.setdefault(name, Keys()).merge(keys)
        self.bodies += other.bodies
        self.log_sum += other.log_sum
        self.log_squares += other.log_squares
        self.largest = max(self.largest, other.largest)


class Learned(msgspec.Struct, frozen=True):
    """A workload that behaves as a log did, and how it did."""

    workload: Workload
    requests: int
    seconds: float
    dispersion: float
    window_seconds: float
    popularity: dict[str, float]
    without_bodies: list[str]
    """Operations whose method has a body that the log does not tell."""


class Learner:
    """Takes requests in the order of their times; memory stays bounded."""

    def __init__(self, window_ns: int) -> None:
        """Count arrivals in windows of `window_ns` at first."""
        self._tree = Tree()
        self._bins = RateBins(window_ns)
        self._details: dict[Route, Details] = {}
        self.requests = 0

    def add(
        self,
        at_ns: int,
        method: str,
        path: str,
        *,
        status: int = 0,
        client: str = "",
        body_bytes: int = 0,
        content_type: str = "",
    ) -> None:
        """Take one request; times must not fall."""
        self.requests += 1
        self._bins.add(at_ns)
        method = method if method in _METHODS else "GET"
        bare, _, query = path.partition("?")
        segments = bare.split("/")[1:]
        self._tree.add(method, segments, hash(client) if client else None)
        rough = (method, tuple(one if is_word(one) else _KEY for one in segments))
        if rough not in self._details and len(self._details) >= _MOST_ROUTES:
            return
        details = self._details.setdefault(rough, Details())
        details.count += 1
        if status:
            details.statuses[status // 100] += 1
        _take_query(details, query)
        if body_bytes:
            _take_body(details, body_bytes, content_type)

    def learned(self, seed: int) -> Learned:
        """Return what was learned; the learner is used up."""
        self._tree.settle()
        counts = self._bins.counts
        found = levels(counts)
        width_s = self._bins.width_ns / NS_PER_S
        operations, popularity, silent = _operations(self._tree, self._details, self.requests)
        rate, profile = _rates(counts, found, width_s)
        workload = Workload(
            operations=operations,
            seed=seed,
            duration=_duration(self._bins, found),
            rate_per_s=rate,
            profile=profile,
        )
        return Learned(
            workload=workload,
            requests=self.requests,
            seconds=self._bins.span_ns / NS_PER_S,
            dispersion=dispersion(counts, found),
            window_seconds=width_s,
            popularity=popularity,
            without_bodies=silent,
        )


def _take_query(details: Details, query: str) -> None:
    for pair in query.split("&", _MOST_PARAMETERS)[:_MOST_PARAMETERS] if query else []:
        name, _, value = pair.partition("=")
        if not _PARAMETER.fullmatch(name):
            continue
        if name not in details.parameters and len(details.parameters) >= _MOST_PARAMETERS:
            continue
        details.parameters.setdefault(name, Keys()).add(value)
        details.present[name] += 1


def _take_body(details: Details, size: int, content_type: str) -> None:
    kind = content_type.partition(";")[0].strip().lower()
    details.types[kind if kind in _TYPES else ""] += 1
    details.bodies += 1
    details.log_sum += math.log(size)
    details.log_squares += math.log(size) ** 2
    details.largest = max(details.largest, size)


def _duration(bins: RateBins, found: list[Level]) -> Duration:
    whole_bins = found[-1].end if found else 1
    return Duration(max(whole_bins * bins.width_ns, NS_PER_S))


def _rates(counts: np.ndarray, found: list[Level], width_s: float) -> tuple[float, list[Stage]]:
    """Return the mean rate and the profile: none for one rate, stages, or stages that burst."""
    mean = rounded(float(counts.mean()) / width_s) or 0.001
    over = bursts(counts, found)
    if len(found) == 1 and over is None:
        return mean, []
    return mean, [_stage(one, width_s, over) for one in found]


def _stage(level: Level, width_s: float, over: Bursts | None) -> Stage:
    rate = max(rounded(level.mean / width_s), 1e-6)
    length = Duration.from_seconds((level.end - level.first) * width_s)
    if over is None:
        return Stage(shape=Shape.HOLD, rate=rate, duration=length)
    return Stage(
        shape=Shape.BURST,
        duration=length,
        on=rounded(rate * over.on),
        off=rounded(rate * over.off),
        on_for=Duration.from_seconds(rounded(over.on_bins * width_s)),
        off_for=Duration.from_seconds(rounded(over.off_bins * width_s)),
        random=True,
    )


def _operations(
    tree: Tree, rough: dict[Route, Details], requests: int
) -> tuple[list[Operation], dict[str, float], list[str]]:
    details = _by_final_route(tree, rough)
    least = max(FEWEST, FREQUENT * requests)
    operations: list[Operation] = []
    popularity: dict[str, float] = {}
    silent: list[str] = []
    strays: Counter[str] = Counter()
    for method, segments, count in sorted(tree.routes(), key=lambda one: -one[2]):
        shape = tuple(one if isinstance(one, str) else _KEY for one in segments)
        known = details.get((method, shape), Details())
        if count < least and operations:
            strays[method] += count
            continue
        made = _operation(method, segments, count / requests, known)
        operations.append(made)
        exponents = [one.exponent() for one in segments if isinstance(one, Keys) and one.distinct > 1]
        if exponents:
            popularity[made.name] = rounded(max(exponents))
        if method in ("POST", "PUT", "PATCH") and made.body is None:
            silent.append(made.name)
    operations += [_stray(method, count / requests) for method, count in strays.items()]
    return operations, popularity, silent


def _by_final_route(tree: Tree, rough: dict[Route, Details]) -> dict[Route, Details]:
    """Give what is known of routes as they came to the routes as they were settled."""
    final: dict[Route, Details] = {}
    for (method, segments), details in rough.items():
        node, shape = tree.root, []
        for segment in segments:
            following = node.words.get(segment)
            shape.append(segment if following else _KEY)
            following = following or node.key
            if following is None:
                break
            node = following
        final.setdefault((method, tuple(shape)), Details()).merge(details)
    return final


def _operation(method: str, segments: list[str | Keys], share: float, known: Details) -> Operation:
    data: dict[str, str | list[str] | Generator] = {}
    path = ""
    for segment in segments:
        if isinstance(segment, Keys):
            name = f"key{sum(one.startswith('key') for one in data) + 1}"
            data[name] = _keys(segment)
            path += f"/{{{name}}}"
        else:
            path += f"/{segment}"
    shown = re.sub(r"\{key\d+\}", "{key}", path) or "/"
    query = []
    for name, present in known.present.items():
        if present >= max(FEWEST, _USUALLY * known.count):
            placeholder = f"p_{re.sub(r'[^A-Za-z0-9_]', '_', name)}"
            data[placeholder] = _keys(known.parameters[name])
            query.append(f"{name}={{{placeholder}}}")
    headers, body = _body(known, data)
    return Operation(
        name=f"{method} {shown}",
        method=method,
        path=(path or "/") + (f"?{'&'.join(query)}" if query else ""),
        weight=rounded(share * 100),
        headers=headers,
        body=body,
        data=data,
        expected_status=_expected(known.statuses),
    )


def _keys(keys: Keys) -> Generator:
    """Return numbers in place of keys: as many, and as unevenly popular."""
    n = max(int(rounded(keys.distinct)), 1)
    exponent = rounded(keys.exponent())
    return Generator(zipf=exponent, n=n) if exponent >= _FLAT else Generator(uniform=[1.0, float(n)])


def _body(known: Details, data: dict[str, str | list[str] | Generator]) -> tuple[dict[str, str], str | None]:
    """Return random text of the sizes that bodies had."""
    if known.bodies < max(1.0, _USUALLY * known.count):
        return {}, None
    mean = known.log_sum / known.bodies
    sigma = math.sqrt(max(known.log_squares / known.bodies - mean * mean, 0.0))
    size = LogNormal(median=max(rounded(math.exp(mean)), 1.0), sigma=rounded(sigma))
    data["body"] = Generator(text=Number(lognormal=size, min=1, max=max(rounded(float(known.largest)), 1.0)))
    kind = known.types.most_common(1)[0][0]
    if kind == "application/json":
        return {"Content-Type": kind}, '{"text": "{body}"}'
    return ({"Content-Type": kind} if kind else {}), "{body}"


def _stray(method: str, share: float) -> Operation:
    """Stand in for the rare paths of one method."""
    return Operation(
        name=f"{method} other",
        method=method,
        path="/{key1}",
        weight=rounded(share * 100) or 0.001,
        data={"key1": Generator(uuid=True)},
        expected_status="4xx" if method in ("GET", "HEAD") else "2xx",
    )


def _expected(statuses: Counter[int]) -> str:
    most = statuses.most_common(1)
    return f"{most[0][0]}xx" if most and most[0][0] in range(2, 6) else "2xx"


def rounded(value: float) -> float:
    """Return a number with three significant digits: more would tell of the log, not of what is like it."""
    return float(f"{value:.{_DIGITS - 1}e}")
