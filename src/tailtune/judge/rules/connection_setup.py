"""Connections opened, and keys agreed upon, in the path of requests."""

import re
from typing import Final

from tailtune.judge.cause import MEAN_LATENCY, TAIL, Cause, Seen, finding, listed, sampled
from tailtune.judge.connects import Connects
from tailtune.judge.facts import Facts
from tailtune.judge.goroutine_waits import NEW_CONNECTIONS, Waits, waits_of_requests
from tailtune.judge.names import is_code, owner, short
from tailtune.judge.stackprofile import FEWEST_SAMPLES, StackProfile, Stacks, relative_interval
from tailtune.model.finding import Evidence, Group, Strength
from tailtune.model.units import format_ns, format_share

_WORTH_A_FINDING: Final = 0.05
_FEWEST_OPENED: Final = 5
"""CPU samples in opening: without, a wait for a connection is one for a place in the pool."""
_SOURCE: Final = "tables/socket_calls.parquet"
_DISPROOF: Final = "CPU per request stays when the client of that connection keeps it open"
_PROPOSAL: Final = (
    "Keep connections and use them again: one client for all requests, its answers read to the end, keep-alive on, "
    "room for enough idle ones (MaxIdleConnsPerHost, pool_max_idle_per_host), sessions resumed."
)
# Goroutines of a connection that is kept bear the name of what opened it: dialConn.gowrap2.
_OPENING: Final = re.compile(
    r"net/http\.\(\*Transport\)\.(dialConn(For)?|startDialConn\w*|customDialTLS)$|net\.\(\*(Dialer|sysDialer)\)\.|"
    r"net\.Dial\w*$|<?std::net::tcp::TcpStream>?::connect|<?tokio::net::tcp::stream::TcpStream>?::connect|"
    r"hyper_util::client::legacy::connect|hyper::client::connect|reqwest::connect|__(x64|arm64)_sys_connect|"
    r"(__libc_)?connect$"
)
_KINDS: Final = {
    "opening connections": _OPENING,
    "shaking hands for encryption": re.compile(
        r"crypto/tls\.\(\*Conn\)\.(HandshakeContext|Handshake|handshakeContext|clientHandshake|serverHandshake)\b|"
        r"<?rustls::(client|server)::(hs|tls12|tls13)|<?(native_tls|openssl::ssl)::.*(connect|accept|handshake)|"
        r"SSL_(do_handshake|connect|accept)$"
    ),
}


class ConnectionSetup:
    """CPU time of connections that are made anew, on either side of them, and requests that wait for one.

    Go's requests are seen to wait; of those that threads serve it is seen which of them opened a connection.
    """

    id = "connection-setup"

    def apply(self, facts: Facts) -> list[Cause]:
        """Return a cause where 5 % of CPU time or more goes into making connections, or of latency into waiting so.

        Of requests that threads serve: where half of the tail lies behind connections that few others open.
        """
        if facts.connects is not None and facts.connects.are_most_of_tail:
            return [_of_tail(facts, facts.connects)]
        profile = facts.cpu
        if profile is None:
            return []
        parts = {kind: profile.containing(pattern) for kind, pattern in _KINDS.items()}
        stacks = frozenset[int]().union(*parts.values())
        waits = waits_of_requests(facts, NEW_CONNECTIONS)
        if waits is not None and _is_much(waits) and profile.count(stacks) >= _FEWEST_OPENED:
            return [_of_waits(facts, waits, profile, stacks)]
        share = profile.share(stacks)
        if profile.count(stacks) < FEWEST_SAMPLES or share.point < _WORTH_A_FINDING:
            return []
        found = [kind for kind in parts if profile.count(parts[kind])]
        callers = profile.owners(stacks, owner)
        where = f", in {listed(callers)}" if callers else ""
        told = finding(
            facts,
            self.id,
            "",
            f"{' and '.join(found)} takes {format_share(share.point)} of CPU time{where}",
            group=Group.ALGORITHM,
            share=share,
            evidence=[sampled(profile, parts[kind], kind) for kind in found],
            disproof=_DISPROOF,
            proposal=_PROPOSAL,
        )
        return [Cause(told, facts.saving(share.point), explains=stacks)]


def _is_much(waits: Waits) -> bool:
    return bool(waits.where) and waits.count >= FEWEST_SAMPLES and waits.share >= _WORTH_A_FINDING


def _of_tail(facts: Facts, connects: Connects) -> Cause:
    """Return the cause of slow requests that were seen to open a connection.

    Moderate: what comes behind the connect may be a slow answer to the first question as well.
    """
    tail, port = connects.tail, connects.port
    profile = facts.cpu
    stacks = profile.containing(_OPENING) if profile else frozenset[int]()
    callers = profile.owners(stacks, _innermost) if profile else []
    where = short(callers[0][0]) if profile and callers and profile.count(stacks) >= _FEWEST_OPENED else ""
    found = finding(
        facts,
        ConnectionSetup.id,
        where,
        f"{format_share(tail.part, 0)} of requests above p99 open a connection to port {port}"
        f"{f' in {where}' if where else ''} and end {format_ns(connects.behind_ns)} later; of those up to p90, "
        f"{format_share(connects.ordinary.part)} open one",
        group=Group.CONCURRENCY,
        share=connects.share,
        share_of=TAIL,
        strength=Strength.MODERATE,
        evidence=[
            *_who_opened(connects),
            *([sampled(profile, stacks, "opening connections")] if profile and where else []),
        ],
        disproof="these requests take as long on a connection that is open: then it is the answer that is late",
        proposal="Keep as many idle connections as are ever in use at a time (pool_max_idle_per_host, max_idle, "
        "min_idle), for longer than the gaps between requests; open them when the service starts, not within a "
        "request. See why the other side takes so long to greet.",
    )
    return Cause(found, connects.share.point, explains=stacks)


def _innermost(functions: list[str]) -> str | None:
    """Return the code that opens a connection, be it a closure that is named by its module alone."""
    return next(filter(is_code, functions), None)


def _who_opened(connects: Connects) -> list[Evidence]:
    tail, others = connects.tail, connects.others
    texts = [
        (
            f"{tail.opened} of {tail.requests} requests above p99 open a connection ({format_share(tail.part)}), "
            f"{others.opened} of {others.requests:,} others ({format_share(others.part)})",
            tail.opened,
        ),
        (
            f"{format_share(connects.to_port, 0)} of these connections are to port {connects.port}; from connect to "
            f"the request's end: {format_ns(connects.behind_ns)} on average",
            tail.opened,
        ),
        (f"look at one: tailtune explain --request {connects.examples[0]}", None),
    ]
    return [Evidence(text=text, source=_SOURCE, count=count) for text, count in texts]


def _of_waits(facts: Facts, waits: Waits, profile: StackProfile, stacks: Stacks) -> Cause:
    """Return the cause of requests that were seen to wait until a connection was there."""
    found = finding(
        facts,
        ConnectionSetup.id,
        waits.where,
        f"requests wait {format_ns(waits.each_ns)} each, {format_share(waits.share)} of latency, until a connection is "
        f"opened, in {listed(waits.owners)}",
        group=Group.ALGORITHM,
        share=relative_interval(waits.share, waits.count),
        share_of=MEAN_LATENCY,
        strength=Strength.STRONG,
        evidence=[
            waits.evidence("waiting for a new connection"),
            sampled(profile, stacks, "opening connections and shaking hands"),
        ],
        disproof=_DISPROOF,
        proposal=_PROPOSAL,
    )
    return Cause(found, waits.share, explains=stacks, seen=(Seen(waits.profile, waits.stacks),))


RULE = ConnectionSetup()
