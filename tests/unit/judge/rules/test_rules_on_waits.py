"""Rules that read waits and slow requests: what triggers each, and a near miss that must not."""

import dataclasses
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from msgspec.structs import replace
from tests.support import request_results
from tests.support.facts import MILLISECOND, apply, facts, one
from tests.support.long_runs import RUNS
from tests.support.request_results import WAITING, part

from tailtune.judge.stackprofile import StackProfile
from tailtune.judge.tail import RequestTimes, SizedTimes, Tail
from tailtune.model.finding import Strength
from tailtune.model.project import Language

SERVED = "runtime.goexit;net/http.(*conn).serve;net/http.serverHandler.ServeHTTP;main.answer"
SYNC = f"{SERVED};main.(*journal).note;os.(*File).Sync;internal/poll.(*FD).Fsync;syscall.Fsync"
TRACE = "profiles/go-trace.diagnose.trace"
HANDSHAKE = "main.fetch;net/http.(*Transport).dialConn;crypto/tls.(*Conn).HandshakeContext"


def waits(stacks: dict[str, int], ms_each: float, source: str = "profiles/off-cpu.diagnose.pb.gz") -> StackProfile:
    """Stack → number of waits, each of so many ms."""
    profile = StackProfile.from_collapsed([f"{stack} {count}" for stack, count in stacks.items()], source)
    return StackProfile(source, profile.frames, profile.stacks, profile.counts, profile.values * ms_each * MILLISECOND)


def test_handshakes_are_connections_made_anew():
    cause = one("connection-setup", facts({f"{SERVED};{HANDSHAKE};crypto/rsa.SignPSS": 40, SERVED: 60}))
    assert cause.finding.title == (
        "opening connections and shaking hands for encryption takes 40.0 % of CPU time, in main.fetch (100 %)"
    )
    assert [evidence.count for evidence in cause.finding.evidence] == [40, 40]


@pytest.mark.parametrize(
    "stack",
    [
        "net.(*Dialer).DialContext",
        "crypto/tls.(*Conn).serverHandshake",
        "<rustls::client::hs::ExpectServerHello as x::State>::handle",
        "std::net::tcp::TcpStream::connect",
        "hyper_util::client::legacy::connect::http::HttpConnector::call",
        "SSL_do_handshake",
    ],
)
def test_setting_up_is_known_by_its_functions(stack):
    assert one("connection-setup", facts({f"main;{stack};x": 20, "main": 80})).finding.share.point == 0.2


def test_waiting_for_a_new_connection_is_told_by_the_trace():
    opened = f"{SERVED};main.fetch;net/http.(*Client).Do;net/http.(*Transport).getConn;runtime.selectgo"
    dialled = "runtime.goexit;net/http.(*Transport).dialConnFor;net/http.(*Transport).dialConn"
    given = facts({dialled: 5, SERVED: 995}, goroutines=waits({opened: 100}, 30.0, TRACE))
    cause = one("connection-setup", given)
    assert cause.finding.id == "connection-setup:main.fetch"
    assert "until a connection is opened, in main.fetch (100 %)" in cause.finding.title
    assert cause.finding.share_of == "mean latency"
    assert cause.finding.share.point == pytest.approx(0.6)
    in_the_pool = facts({SERVED: 1000}, goroutines=waits({opened: 100}, 30.0, TRACE))
    assert apply("connection-setup", in_the_pool) == []


def test_using_a_connection_is_no_set_up():
    used = f"{SERVED};main.fetch;net/http.(*Transport).roundTrip"
    kept = "runtime.goexit;net/http.(*Transport).dialConn.gowrap2;net/http.(*persistConn).readLoop"
    assert apply("connection-setup", facts({kept: 50, SERVED: 50})) == []
    assert apply("connection-setup", facts({used: 50, f"{SERVED};crypto/tls.(*Conn).Read": 50})) == []
    assert apply("connection-setup", facts({f"{SERVED};{HANDSHAKE}": 19, SERVED: 10})) == []
    assert apply("connection-setup", facts({f"{SERVED};{HANDSHAKE}": 40, SERVED: 1000})) == []


def test_syncing_within_requests_is_found():
    stacks = {SYNC: 1000, "runtime.findRunnable": 1000}
    cause = one("logging", facts(off_cpu=waits(stacks, 4.0), language=Language.GO))
    assert cause.finding.id == "logging:main.(*journal).note"
    assert cause.finding.title == (
        "requests wait 4.00 ms each, 80.0 % of latency, until a file is synced, in main.(*journal).note (100 %)"
    )
    assert cause.finding.share.point == pytest.approx(0.8)
    assert cause.finding.strength is Strength.STRONG


def test_the_trace_tells_syncing_before_blocked_threads():
    trace = waits({SYNC: 1000}, 3.0, TRACE)
    cause = one("logging", facts(off_cpu=waits({SYNC: 1000}, 0.1), goroutines=trace, language=Language.GO))
    assert cause.finding.share.point == pytest.approx(0.6)
    assert cause.finding.evidence[0].source == TRACE


def test_writing_beside_requests_delays_none_of_them():
    beside = SYNC.replace("net/http.(*conn).serve;net/http.serverHandler.ServeHTTP;main.answer", "main.keepWriting")
    for stack, count, ms_each in [(beside, 1000, 4.0), (SYNC, 1000, 0.4), (SYNC, 19, 400.0)]:
        assert apply("logging", facts(off_cpu=waits({stack: count}, ms_each), language=Language.GO)) == []
    assert apply("logging", facts()) == []


def test_writing_in_rust_is_less_certain():
    stack = "std::thread::spawn;shop::handle;<std::fs::File as std::io::Write>::write_all;write"
    cause = one("logging", facts(off_cpu=waits({stack: 1000}, 1.0), language=Language.RUST))
    assert "until a file is written, in shop::handle" in cause.finding.title
    assert cause.finding.strength is Strength.MODERATE


BLOCKS = "profiles/go-block.diagnose.pb.gz"


def test_blocked_sends_are_a_hand_off():
    cause = one("hand-off", facts(block=waits({f"{SERVED};main.handOff;runtime.chansend1": 1000}, 3.0, BLOCKS)))
    assert cause.finding.id == "hand-off:main.handOff"
    assert cause.finding.share.point == pytest.approx(0.6)


def test_receiving_is_the_work_and_others_are_no_requests():
    receiving = {f"{SERVED};main.handOff;runtime.chanrecv1": 1000}
    assert apply("hand-off", facts(block=waits(receiving, 3.0, BLOCKS))) == []
    elsewhere = {"runtime.goexit;main.feed;runtime.chansend1": 1000}
    assert apply("hand-off", facts(block=waits(elsewhere, 3.0, BLOCKS))) == []
    assert apply("hand-off", facts()) == []


def tail(meanwhile: dict[str, int], always: dict[str, int], **changes) -> Tail:
    """100 slow requests of 20 ms, ten at a time; samples each 1 ms in a window of 8 s."""
    names = sorted(meanwhile | always)
    counts = [[of.get(name, 0) for name in names] for of in (meanwhile, always)]
    profiles = [
        StackProfile.from_collapsed([f"{name} {count}" for name, count in zip(names, each, strict=True)], "samples")
        for each in counts
    ]
    scaled = [
        StackProfile(one.source, one.frames, one.stacks, one.counts, one.values * weight * MILLISECOND)
        for one, weight in zip(profiles, (10, 1), strict=True)
    ]
    told: dict[str, Any] = {"requests": 100, "stretches": 10, "queued": 90, "procs": 1}
    lengths = {"wall_ns": 2000 * MILLISECOND, "window_ns": 8000 * MILLISECOND}
    return Tail(meanwhile=scaled[0], always=scaled[1], **(told | lengths | changes))


BURST = "runtime.goexit;main.reindex.func1;main.indexPart"


def test_a_burst_that_slow_requests_wait_behind_is_found():
    cause = one("oversubscription", facts(tail=tail({BURST: 180, SERVED: 10}, {BURST: 1000, SERVED: 2000})))
    assert cause.finding.id == "oversubscription:main.indexPart"
    assert cause.finding.title == (
        "slow requests wait behind work of no request: main.indexPart (100 %) has the CPU for 90.0 % of the time that "
        "they are in flight, and for 12.5 % of all time"
    )
    assert cause.finding.share_of == "wall time of requests above p99"
    assert "up to 90 goroutines waited for 1 processors" in cause.finding.evidence[1].text


def test_few_goroutines_that_compute_for_long_are_no_crowd():
    burst, usual = {BURST: 180, SERVED: 10}, {BURST: 1000, SERVED: 2000}
    for count, found in ((20, 0), (21, 1)):
        given = dataclasses.replace(facts(tail=tail(burst, usual)), long_runs=dataclasses.replace(RUNS, count=count))
        assert len(apply("oversubscription", given)) == found


def test_work_of_requests_steady_work_and_single_goroutines_are_no_bursts():
    burst, usual = {BURST: 180, SERVED: 10}, {BURST: 1000, SERVED: 2000}
    assert apply("oversubscription", facts(tail=tail({f"{SERVED};main.work": 180}, usual))) == []
    assert apply("oversubscription", facts(tail=tail({BURST: 90, SERVED: 10}, {BURST: 3000, SERVED: 2000}))) == []
    assert apply("oversubscription", facts(tail=tail(burst, usual, queued=7))) == []
    assert apply("oversubscription", facts(tail=tail(burst, usual, procs=0))) == []
    assert apply("oversubscription", facts(tail=tail(burst, usual, stretches=2))) == []
    nobody_knows = {BURST: 180, "runtime.goexit;main.serve": 10}
    assert apply("oversubscription", facts(tail=tail(nobody_knows, {BURST: 1000}))) == []


def times(service_ms: npt.NDArray[np.float64]) -> RequestTimes:
    return RequestTimes(service_ms * MILLISECOND + 1e4, service_ms * MILLISECOND)


def test_a_wait_of_always_the_same_length_is_found():
    draw = np.random.default_rng(1)
    quick = draw.exponential(0.3, 2910) + 0.1
    delayed = 20 + draw.exponential(0.2, 90)
    cause = one("fixed-wait", facts(times=times(np.concatenate([quick, delayed]))))
    assert cause.finding.id == "fixed-wait:20ms"
    assert "of requests take 20 ms longer than the others" in cause.finding.title
    assert cause.finding.share.point == pytest.approx(0.97, abs=0.03)
    assert cause.finding.share.low is not None
    assert cause.finding.share.low > 0.9


@pytest.mark.parametrize(
    "slow",
    [
        np.linspace(1, 25, 300),  # a lock held for 25 ms
        20 + np.random.default_rng(2).exponential(10, 300),  # what has no upper end
        np.full(15, 20.0),  # too few
        np.full(300, 0.9),  # not far from the others
    ],
)
def test_other_tails_are_no_fixed_wait(slow):
    quick = np.random.default_rng(3).exponential(0.3, 2700) + 0.1
    assert apply("fixed-wait", facts(times=times(np.concatenate([quick, slow])))) == []
    assert apply("fixed-wait", facts()) == []


def test_a_wait_that_all_requests_have_is_none_of_the_tail():
    assert apply("fixed-wait", facts(times=times(20 + np.random.default_rng(4).exponential(0.2, 3000)))) == []


def test_facts_without_a_diagnosis_say_nothing_of_waits():
    given = facts(off_cpu=waits({SYNC: 1000}, 4.0))
    assert given.summary.diagnose is not None
    bare = replace(given.summary, diagnose=None)
    assert apply("logging", type(given)(given.manifest, bare, off_cpu=given.off_cpu)) == []


def sized(*, constant: float = 0.2, line: float = 0.0, square: float = 0.0) -> SizedTimes:
    """3,000 requests of sizes by a log-normal law; ms, ms per KiB, ms per KiB²; some wait in a queue as well."""
    draw = np.random.default_rng(5)
    size = 2.0 * np.exp(draw.normal(0, 1, 3000))
    needed = (constant + line * size + square * size**2) * draw.uniform(1.0, 1.1, 3000)
    service = (needed + draw.exponential(1.0, 3000) * (draw.uniform(0, 1, 3000) < 0.3)) * MILLISECOND
    return SizedTimes(service + 1e4, service, size * 1024)


def test_a_square_is_told_from_a_line():
    busy = tail({f"{SERVED};main.distinct": 180}, {f"{SERVED};main.distinct": 500})
    cause = one("quadratic", facts(sized=sized(square=0.05), tail=busy))
    assert cause.finding.id == "quadratic:main.distinct"
    assert cause.finding.title.startswith("time grows with the square of a request's size: ")
    assert 0.85 < cause.finding.share.point < 0.99
    assert cause.finding.share_of == "wall time of requests above p99"


def test_a_line_a_constant_and_sizes_that_do_not_differ_are_no_square():
    assert apply("quadratic", facts(sized=sized(line=0.5))) == []
    assert apply("quadratic", facts(sized=sized())) == []
    assert apply("quadratic", facts(sized=sized(line=0.5, square=0.001))) == []
    alike = sized(square=0.05)
    assert apply("quadratic", facts(sized=SizedTimes(alike.latency_ns, alike.service_ns, np.full(3000, 512.0)))) == []
    assert apply("quadratic", facts()) == []


CLIENT = f"{SERVED};main.ask;net/http.(*Client).Do;net/http.(*Transport).roundTrip"


def goroutines(**ms_and_count: tuple[str, float, int]) -> StackProfile:
    """Stack, ms altogether and number of waits, as the execution trace tells them; 1,000 requests of 5 ms each."""
    told = list(ms_and_count.values())
    profile = StackProfile.from_collapsed([f"{stack} {count}" for stack, _, count in told], TRACE)
    values = np.array([ms for _, ms, _ in told]) * MILLISECOND
    return StackProfile(TRACE, profile.frames, profile.stacks, profile.counts, values)


def delayed_times() -> RequestTimes:
    """3,000 requests, 3 % of which take 20 ms longer."""
    draw = np.random.default_rng(1)
    return times(np.concatenate([draw.exponential(0.3, 2910) + 0.1, 20 + draw.exponential(0.2, 90)]))


def test_waiting_for_a_mutex_is_told_by_the_trace_unless_the_profile_names_the_holder():
    lock = (f"{SERVED};main.(*catalogue).price;sync.(*Mutex).Lock;internal/sync.(*Mutex).lockSlow", 2000.0, 50)
    cause = one("lock", facts(goroutines=goroutines(lock=lock)))
    assert cause.finding.id == "lock:main.(*catalogue).price"
    assert cause.finding.share.point == pytest.approx(0.4)
    assert apply("lock", facts(goroutines=goroutines(lock=(lock[0], 200.0, 50)))) == []
    assert apply("lock", facts(goroutines=goroutines(lock=(lock[0], 2000.0, 19)))) == []
    holder = waits({"main.(*catalogue).refresh;sync.(*Mutex).Unlock": 1234}, 2.0, "profiles/go-mutex.measure.pb.gz")
    assert apply("lock", facts(goroutines=goroutines(lock=lock), mutex=holder)) == []


def test_the_trace_tells_hand_offs_as_well():
    sent = (f"{SERVED};main.handOff;runtime.chansend1", 3000.0, 500)
    assert one("hand-off", facts(goroutines=goroutines(sent=sent))).finding.share.point == pytest.approx(0.6)


def test_a_client_that_loses_a_connection_for_each_late_answer_retries():
    call = (f"{CLIENT};net/http.(*persistConn).roundTrip;runtime.selectgo", 700.0, 1030)
    dial = (f"{CLIENT};net/http.(*Transport).getConn;runtime.selectgo", 10.0, 30)
    cause = one("retries", facts(times=delayed_times(), goroutines=goroutines(call=call, dial=dial)))
    assert cause.finding.id == "retries:main.ask"
    assert cause.finding.title.startswith("3.0 % of requests wait 20 ms in main.ask for a backend")
    assert apply("fixed-wait", facts(times=delayed_times(), goroutines=goroutines(call=call, dial=dial))) == []
    network = part("network", WAITING, 0.95, 20e6, ("main.ask", 1.0, 16))
    band = replace(request_results.TAIL, parts=[network], mean_ns=20e6)
    given = facts(times=delayed_times(), goroutines=goroutines(call=call, dial=dial))
    given = dataclasses.replace(given, bands=replace(request_results.BANDS, bands=[band]))
    assert apply("time-out", given) == []
    assert apply("time-out", dataclasses.replace(given, goroutines=None))


def test_a_slow_backend_and_a_sleep_are_no_retries():
    call = (f"{CLIENT};net/http.(*persistConn).roundTrip;runtime.selectgo", 700.0, 1030)
    kept = goroutines(call=call)
    assert apply("retries", facts(times=delayed_times(), goroutines=kept)) == []
    cause = one("fixed-wait", facts(times=delayed_times(), goroutines=kept))
    assert "a time-out that is waited for" in cause.finding.title
    asleep = goroutines(asleep=(f"{SERVED};main.pause;time.Sleep", 600.0, 30))
    assert apply("retries", facts(times=delayed_times(), goroutines=asleep)) == []
    cause = one("fixed-wait", facts(times=delayed_times(), goroutines=asleep))
    assert cause.finding.title.endswith("all of them nearly the same: a sleep, in main.pause")
    assert cause.finding.strength is Strength.STRONG
    assert apply("retries", facts(times=delayed_times())) == []
