import os

from tests.support.waiting import wait_until

from tailtune.record.host import interference
from tailtune.record.host.interference import HostReader, Probe


def test_pressure() -> None:
    text = "some avg10=1.22 avg60=0.90 avg300=0.31 total=4614602\nfull avg10=0.00 avg60=0.00 avg300=0.00 total=7\n"
    assert interference.parse_pressure(text) == 4_614_602_000
    assert interference.parse_pressure("") == 0


def test_the_probe_counts_its_own_waiting_and_ends() -> None:
    probe = Probe([min(os.sched_getaffinity(0))])
    try:
        assert probe.is_running()
        assert wait_until(lambda: probe.delay_ns() > 0, seconds=10)
        first = HostReader(probe).read()
        second = HostReader(probe).read()
        assert second.t_ns > first.t_ns
        assert second.probe_delay_ns >= first.probe_delay_ns > 0
    finally:
        probe.close()
        probe.close()
    assert not probe.is_running()
    assert probe.delay_ns() == 0
