"""How loops are named in text."""

from msgspec.structs import replace
from tests.support import workload_results as given
from tests.support.recordings import load_report

from tailtune.show.phrases import loop
from tailtune.show.text.workload import compiled, shown


def test_a_closed_loop_sends_its_requests_over_and_over():
    schedule = replace(given.COMPILED, mean_rate_per_s=0.0)
    first = shown(replace(given.SHOWN, schedule=schedule, arrival="closed", rates_per_s=[])).splitlines()[0]
    assert first == "closed loop, http1: 18,004 requests over and over for 60.0 s, each after an answer"
    assert "over and over" in compiled(schedule)


def test_sessions_are_named_once():
    first = shown(replace(given.SHOWN, arrival="sessions")).splitlines()[0]
    assert first.startswith("partly open loop, sessions, http1: ")
    assert loop(load_report(loop="partly open", arrival="sessions")) == "partly open (sessions)"


def test_one_connection_is_not_several():
    assert load_report(loop="closed", max_connections=1).loop_name == "closed with 1 connection"
