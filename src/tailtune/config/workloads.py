"""Is a workload possible? What the types alone cannot say, key by key."""

import math
from collections.abc import Iterator
from typing import Any, Final

from tailtune.config.operations import operation
from tailtune.config.problem import Problem, join
from tailtune.config.profiles import sessions, stages
from tailtune.config.values import foreign, positive, within
from tailtune.model.units import NS_PER_S
from tailtune.model.workload import Arrival, Framing, Protocol, Tls, Workload

MAX_REQUESTS: Final = 100_000_000
"""A schedule is compiled before it is played; this many requests fill about 2 GB."""

_MOST_CONNECTIONS: Final = 65_535
_MOST_LINES: Final = 1_000_000
_RATED: Final = (Arrival.POISSON, Arrival.CONSTANT, Arrival.SESSIONS)
_RATED_WORDS: Final = '"poisson", "constant" or "sessions"'
_FRAMING_KEYS: Final[dict[Protocol, tuple[str, ...]]] = {
    Protocol.LINE: ("hello", "greeting_lines", "answer_lines", "skip_unasked"),
    Protocol.LENGTH_PREFIXED: ("prefix_bytes", "big_endian", "includes_prefix"),
}


def workload(path: str, given: Workload) -> Iterator[Problem]:
    """Yield every impossible value of a workload; `path` is where it stands, empty for a file of its own."""
    yield from positive(join(path, "rate"), given.rate_per_s, "requests per second, > 0")
    yield from positive(join(path, "duration"), given.duration, "a duration > 0")
    if not 0 <= given.seed < 2**63:
        yield Problem(key=join(path, "seed"), found=f"is {given.seed}", accepted="a whole number from 0 to 2^63 - 1")
    yield from within(join(path, "max_connections"), given.max_connections, 1, _MOST_CONNECTIONS)
    profile_problems = list(stages(join(path, "profile"), given.profile))
    yield from profile_problems
    if not profile_problems:
        yield from _schedule_size(path, given)
    yield from _arrival(path, given)
    yield from _protocol(path, given)
    yield from _operations(path, given)


def _schedule_size(path: str, given: Workload) -> Iterator[Problem]:
    if given.arrival not in _RATED:
        return
    rate = given.mean_rate_per_s
    requests = rate * given.duration / NS_PER_S
    possible = math.isfinite(requests) and given.duration > 0 and given.rate_per_s > 0
    if possible and not 1 <= requests <= MAX_REQUESTS:
        what = "profile" if given.profile else "rate"
        yield Problem(
            key=join(path, "duration"),
            found=f"with this {what} makes {requests:,.6g} requests",
            accepted=f"rate × duration from 1 to {MAX_REQUESTS:,} requests",
        )


def _arrival(path: str, given: Workload) -> Iterator[Problem]:
    """Check the keys that belong to one arrival process, and that the others are absent."""
    arrival = given.arrival

    def only(key: str, value: object, owner: Arrival) -> Iterator[Problem]:
        if value is not None and arrival is not owner:
            yield foreign(join(path, key), owner="arrival", value=arrival, only=f'"{owner}"')

    if given.profile and arrival not in _RATED:
        yield foreign(join(path, "profile"), owner="arrival", value=arrival, only=_RATED_WORDS)
    yield from only("connections", given.connections, Arrival.CLOSED)
    yield from only("sessions", given.sessions, Arrival.SESSIONS)
    yield from only("trace", given.trace, Arrival.TRACE)
    if arrival is Arrival.CLOSED:
        yield from _connections(join(path, "connections"), given.connections)
    if given.sessions:
        yield from sessions(join(path, "sessions"), given.sessions)
    if arrival is Arrival.TRACE and given.trace is None:
        accepted = 'a table with the file to replay, such as { file = "trace.tsv" }'
        yield Problem(key=join(path, "trace"), found="is missing", accepted=accepted)
    if given.trace:
        if not given.trace.file:
            yield Problem(key=join(join(path, "trace"), "file"), found="is empty", accepted="the path of a trace")
        yield from positive(join(join(path, "trace"), "speed"), given.trace.speed, "a factor > 0; 1 is as recorded")


def _connections(key: str, connections: int | None) -> Iterator[Problem]:
    if connections is None:
        accepted = f"how many connections send, from 1 to {_MOST_CONNECTIONS}"
        yield Problem(key=key, found='is missing, which arrival "closed" needs', accepted=accepted)
    else:
        yield from within(key, connections, 1, _MOST_CONNECTIONS)


def _protocol(path: str, given: Workload) -> Iterator[Problem]:
    grpc = given.protocol is Protocol.GRPC
    for key, value in (("proto", given.proto), ("descriptors", given.descriptors)):
        if value and not grpc:
            yield foreign(join(path, key), owner="protocol", value=given.protocol, only='"grpc"')
    if grpc and bool(given.proto) == bool(given.descriptors):
        yield Problem(
            key=join(path, "proto"),
            found="stands beside `descriptors`" if given.proto else "is missing",
            accepted='either `proto`, such as "api/shop.proto", or `descriptors`, such as "shop.pb"',
        )
    if given.framing:
        yield from _framing(join(path, "framing"), given.framing, given.protocol)
    if given.tls:
        yield from _tls(join(path, "tls"), given.tls)


def _framing(path: str, framing: Framing, protocol: Protocol) -> Iterator[Problem]:
    for owner, keys in _FRAMING_KEYS.items():
        for key in keys:
            value: Any = getattr(framing, key)
            if value is None:
                continue
            if protocol is not owner:
                yield foreign(join(path, key), owner="protocol", value=protocol, only=f'"{owner}"')
            elif key in ("greeting_lines", "answer_lines"):
                yield from within(join(path, key), value, int(key == "answer_lines"), _MOST_LINES)
    if framing.prefix_bytes is not None and framing.prefix_bytes not in (1, 2, 4, 8):
        yield Problem(key=join(path, "prefix_bytes"), found=f"is {framing.prefix_bytes}", accepted="1, 2, 4 or 8")


def _tls(path: str, tls: Tls) -> Iterator[Problem]:
    if not tls.server_name:
        yield Problem(key=join(path, "server_name"), found="is empty", accepted="the name in the certificate")
    if tls.insecure and tls.ca_file:
        yield Problem(
            key=join(path, "insecure"),
            found="is true beside `ca`",
            accepted="either certificates to trust in `ca`, or `insecure`, which accepts any",
        )


def _operations(path: str, given: Workload) -> Iterator[Problem]:
    key = join(path, "operations")
    if not given.operations:
        yield Problem(key=key, found="is empty", accepted=f"at least one [[{key}]]")
    seen: set[str] = set()
    for index, one in enumerate(given.operations):
        where = f"{key}[{index}]"
        if one.name in seen:
            yield Problem(key=f"{where}.name", found=f'"{one.name}" names two operations', accepted="a name of its own")
        seen.add(one.name)
        yield from operation(where, one, given)
