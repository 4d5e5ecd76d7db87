"""Operations that ask as the requests of a log did: routes, parameters and bodies, with data made anew."""

import math
import re
from collections import Counter
from typing import Final

from tailtune.judge.fit_details import Details
from tailtune.judge.fit_keys import Keys
from tailtune.judge.fit_routes import FEWEST, FREQUENT, Tree
from tailtune.model.generator import Generator, LogNormal, Number
from tailtune.model.workload import Operation

_USUALLY: Final = 0.5
"""Share of a route's requests from which on a parameter or a body belongs to it."""
_FLAT: Final = 0.05
"""Below this exponent all keys are about equally popular."""
_DIGITS: Final = 3

Route = tuple[str, tuple[str, ...]]
"""Method and segments."""
KEY: Final = "\0key"
"""Stands in a route for a segment that is no word."""


def operations_of(
    tree: Tree, rough: dict[Route, Details], requests: int
) -> tuple[list[Operation], dict[str, float], list[str]]:
    """Return operations, exponents of Zipf's law by operation, and operations whose bodies the log does not tell.

    Args:
        tree: the routes, settled.
        rough: what was counted by route as it came: method and segments, `KEY` in place of those that are no words.
        requests: how many there were.
    """
    details = _by_final_route(tree, rough)
    least = max(FEWEST, FREQUENT * requests)
    operations: list[Operation] = []
    popularity: dict[str, float] = {}
    silent: list[str] = []
    strays: Counter[str] = Counter()
    for method, segments, count in sorted(tree.routes(), key=lambda one: -one[2]):
        shape = tuple(one if isinstance(one, str) else KEY for one in segments)
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
            shape.append(segment if following else KEY)
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
