"""Slow requests that open a connection: what triggers the finding, what it silences, and near misses."""

import dataclasses
from typing import Any

import msgspec
import numpy as np
import pytest
from tests.support import request_results
from tests.support.facts import apply, estimate, facts, one
from tests.support.request_results import WAITING, part

from tailtune.judge.connects import Connects, Group
from tailtune.judge.explain import rank
from tailtune.judge.facts import Facts
from tailtune.judge.tail import RequestTimes
from tailtune.model.finding import Strength
from tailtune.model.request_parts import RequestBands

MEAN = 20e6
OPENED = Connects(
    tail=Group(16, 16),
    others=Group(1584, 40),
    ordinary=Group(1440, 0),
    behind_ns=19e6,
    share=msgspec.structs.replace(estimate(0.93), low=0.9, high=0.96, n=16),
    port=6432,
    to_port=1.0,
    examples=("r7", "r9"),
)
RESOLVED = "start_thread;tokio::runtime::task::core::poll;shop::store::{async_fn#0};shop::store::Session::open"
CONNECT = f"{RESOLVED};tokio::net::tcp::stream::TcpStream::connect;__libc_connect"


def with_connects(connects: Connects | None, stacks: dict[str, int] | None = None, *parts: Any) -> Facts:
    """Facts of requests above p99 that take 20 ms each, all as long; by default they wait for a timer."""
    found = list(parts) or [part("timer", WAITING, 0.97, MEAN)]
    band = msgspec.structs.replace(request_results.TAIL, parts=found, mean_ns=MEAN)
    bands = RequestBands(
        window="diagnose",
        requests=1600,
        divided=1600,
        handed_over=1600,
        bands=[band],
        coverage=None,
        undivided=[],
        warnings=[],
    )
    service = np.concatenate([np.linspace(0.5e6, 1e6, 1940), np.linspace(20e6, 20.4e6, 60)])
    return dataclasses.replace(facts(stacks, times=RequestTimes(service, service)), bands=bands, connects=connects)


def test_slow_requests_that_open_a_connection_are_told_first():
    found = rank(with_connects(OPENED))
    assert found[0].id == "connection-setup"
    assert not {one.rule for one in found} & {"fixed-wait", "timer-wait", "outside-wait", "task-hand-off"}


def test_the_finding_tells_who_opens_what_and_how_long_it_takes():
    cause = one("connection-setup", with_connects(OPENED, {CONNECT: 6, RESOLVED: 94}))
    assert cause.finding.id == "connection-setup:Session::open"
    assert cause.finding.title == (
        "100 % of requests above p99 open a connection to port 6432 in Session::open and end 19.0 ms later; of those "
        "up to p90, 0.0 % open one"
    )
    assert cause.finding.share_of == "wall time of requests above p99"
    assert cause.finding.strength is Strength.MODERATE
    assert cause.saving == cause.finding.share.point == pytest.approx(0.93)
    assert [evidence.text for evidence in cause.finding.evidence] == [
        "16 of 16 requests above p99 open a connection (100.0 %), 40 of 1,584 others (2.5 %)",
        "100 % of these connections are to port 6432; from connect to the request's end: 19.0 ms on average",
        "look at one: tailtune explain --request r7",
        "opening connections: 6 of 100 samples",
    ]


def test_a_few_samples_name_no_place():
    cause = one("connection-setup", with_connects(OPENED, {CONNECT: 4, RESOLVED: 96}))
    assert cause.finding.id == "connection-setup"
    assert len(cause.finding.evidence) == 3


@pytest.mark.parametrize(
    "changes",
    [
        {"tail": Group(16, 9)},
        {"tail": Group(40, 19)},
        {"ordinary": Group(1000, 101)},
        {"share": estimate(0.49)},
    ],
)
def test_otherwise_connections_are_no_reason(changes: dict[str, Any]):
    given = with_connects(dataclasses.replace(OPENED, **changes))
    assert apply("connection-setup", given) == []
    assert next(one.rule for one in rank(given)) == "fixed-wait"
    assert apply("connection-setup", with_connects(None)) == []


@pytest.mark.parametrize("rule", ["time-out", "upstream"])
def test_threads_that_wait_on_a_new_connection_wait_for_it(rule: str):
    asked = part("network", WAITING, 0.97, MEAN, ("cart::wait", 1.0, 16))
    fixed = with_connects(None, None, asked)
    given = fixed if rule == "time-out" else dataclasses.replace(fixed, times=None)
    assert len(apply(rule, given)) == 1
    assert apply(rule, dataclasses.replace(given, connects=OPENED)) == []
