"""Connections opened, and keys agreed upon, in the path of requests."""

import re
from typing import Final

from tailtune.judge.cause import Cause, finding, listed, sampled
from tailtune.judge.facts import FEWEST_SAMPLES, Facts
from tailtune.judge.names import owner
from tailtune.model.finding import Group
from tailtune.model.units import format_share

_WORTH_A_FINDING: Final = 0.05
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
    """CPU time of connections that are made anew, on either side of them."""

    id = "connection-setup"

    def apply(self, facts: Facts) -> list[Cause]:
        """Return a cause where 5 % of CPU time or more goes into making connections."""
        profile = facts.cpu
        if profile is None:
            return []
        parts = {kind: profile.containing(pattern) for kind, pattern in _KINDS.items()}
        stacks = frozenset[int]().union(*parts.values())
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
            disproof="CPU per request stays when the client of that connection keeps it open",
            proposal="Keep connections and use them again: one client for all requests, its answers read to the end, "
            "keep-alive on, room for enough idle ones (MaxIdleConnsPerHost, pool_max_idle_per_host), sessions resumed.",
        )
        return [Cause(told, facts.saving(share.point), explains=stacks)]


RULE = ConnectionSetup()
