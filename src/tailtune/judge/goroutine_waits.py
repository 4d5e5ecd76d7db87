"""Where goroutines that answer requests wait, by Go's execution trace or its block profile."""

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from tailtune.judge.names import owner, serves_go, short
from tailtune.judge.stackprofile import StackProfile, Stacks
from tailtune.model.finding import Evidence
from tailtune.model.units import format_ns

if TYPE_CHECKING:
    from tailtune.judge.clusters import Cluster
    from tailtune.judge.facts import Facts

SLEEPS: Final = re.compile(r"time\.Sleep$")
_CLIENTS: Final = re.compile(
    r"net/http\.\(\*(Client|Transport|persistConn)\)\.|database/sql\.|google\.golang\.org/grpc\.\(\*ClientConn\)|"
    r"github\.com/(redis|jackc|go-sql-driver|lib/pq|segmentio|gomodule)/"
)
NEW_CONNECTIONS: Final = re.compile(r"net/http\.\(\*Transport\)\.getConn$")
"""Waiting there, no connection was idle: one that was given up is closed."""
_MOST: Final = 0.8
"""A kind of wait accounts for a cluster if it takes this share of its time."""
_CONNECTIONS_EACH: Final = 0.5


@dataclass(frozen=True)
class Waits:
    """Waits of one kind, within requests."""

    profile: StackProfile
    stacks: Stacks
    requests: int
    """Of the window in which they were seen."""
    mean_latency_ns: float

    @property
    def each_ns(self) -> float:
        """Per request."""
        return self.profile.value(self.stacks) / self.requests

    @property
    def count(self) -> int:
        """How often."""
        return self.profile.count(self.stacks)

    @property
    def share(self) -> float:
        """Of mean latency, at most 1."""
        return min(1.0, self.each_ns / self.mean_latency_ns)

    @property
    def owners(self) -> list[tuple[str, float]]:
        """The code that waits, with shares of the time; largest first."""
        return self.profile.owners(self.stacks, owner)

    @property
    def where(self) -> str:
        """The function in which most is waited; empty where only plumbing waits."""
        return short(self.owners[0][0]) if self.owners else ""

    def accounts_for(self, cluster: "Cluster") -> bool:
        """Whether the waits are long enough, over all requests, to be those of a cluster."""
        return self.each_ns >= _MOST * cluster.each_ns

    def evidence(self, what: str) -> Evidence:
        """Return what was seen: `asleep: 1.4 s in 72 waits, in main.pause`."""
        where = f", in {self.where}" if self.where else ""
        text = f"{what}: {format_ns(self.profile.value(self.stacks))} in {self.count:,} waits{where}"
        return Evidence(text=text, source=self.profile.source, count=self.count)


def waits_of_requests(facts: "Facts", pattern: re.Pattern[str]) -> Waits | None:
    """Return the waits whose stacks hold a matching function, below a known server; None where nothing tells.

    The trace sees all waits of the diagnose window; Go's block profile a sample of those for channels and locks.
    """
    profile = facts.goroutines or facts.block
    if profile is None:
        return None
    window = facts.summary.diagnose if ".diagnose." in profile.source else facts.measure
    if window is None or not window.latency.requests or not window.latency.mean_ns:
        return None
    found = profile.containing(pattern)
    stacks = frozenset(stack for stack in found if any(map(serves_go, profile.names(stack))))
    return Waits(profile, stacks, window.latency.requests, window.latency.mean_ns)


def given_up(facts: "Facts", cluster: "Cluster") -> Waits | None:
    """Return the waits in clients, if the cluster's requests wait there and each takes a new connection afterwards."""
    if facts.goroutines is None:
        return None
    calls, opened = (waits_of_requests(facts, pattern) for pattern in (_CLIENTS, NEW_CONNECTIONS))
    if calls is None or opened is None or not calls.where or not calls.accounts_for(cluster):
        return None
    return calls if opened.count >= _CONNECTIONS_EACH * cluster.part * opened.requests else None
