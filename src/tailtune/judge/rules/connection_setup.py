"""Connections opened, and keys agreed upon, in the path of requests."""

import re
from typing import Final

from tailtune.judge.cause import MEAN_LATENCY, Cause, Seen, finding, listed, sampled
from tailtune.judge.facts import Facts
from tailtune.judge.goroutine_waits import NEW_CONNECTIONS, Waits, waits_of_requests
from tailtune.judge.names import owner
from tailtune.judge.stackprofile import FEWEST_SAMPLES, StackProfile, Stacks, relative_interval
from tailtune.model.finding import Group, Strength
from tailtune.model.units import format_ns, format_share

_WORTH_A_FINDING: Final = 0.05
_FEWEST_OPENED: Final = 5
"""CPU samples in opening: without, a wait for a connection is one for a place in the pool."""
_DISPROOF: Final = "CPU per request stays when the client of that connection keeps it open"
_PROPOSAL: Final = (
    "Keep connections and use them again: one client for all requests, its answers read to the end, keep-alive on, "
    "room for enough idle ones (MaxIdleConnsPerHost, pool_max_idle_per_host), sessions resumed."
)
# Goroutines of a connection that is kept bear the name of what opened it: dialConn.gowrap2.
_KINDS: Final = {
    "opening connections": re.compile(
        r"net/http\.\(\*Transport\)\.(dialConn(For)?|startDialConn\w*|customDialTLS)$|net\.\(\*(Dialer|sysDialer)\)\.|"
        r"net\.Dial\w*$|<?std::net::tcp::TcpStream>?::connect|<?tokio::net::tcp::stream::TcpStream>?::connect|"
        r"hyper_util::client::legacy::connect|hyper::client::connect|reqwest::connect|__(x64|arm64)_sys_connect|"
        r"(__libc_)?connect$"
    ),
    "shaking hands for encryption": re.compile(
        r"crypto/tls\.\(\*Conn\)\.(HandshakeContext|Handshake|handshakeContext|clientHandshake|serverHandshake)\b|"
        r"<?rustls::(client|server)::(hs|tls12|tls13)|<?(native_tls|openssl::ssl)::.*(connect|accept|handshake)|"
        r"SSL_(do_handshake|connect|accept)$"
    ),
}


class ConnectionSetup:
    """CPU time of connections that are made anew, on either side of them, and Go's requests that wait for one."""

    id = "connection-setup"

    def apply(self, facts: Facts) -> list[Cause]:
        """Return a cause where 5 % of CPU time or more goes into making connections, or of latency into waiting so."""
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
