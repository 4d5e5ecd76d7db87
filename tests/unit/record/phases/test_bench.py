import os
import signal

import pytest
from tests.support.trials import Meddler

from tailtune.model.recording import CpuLayout, Phase
from tailtune.record.phases import bench


def test_the_tool_leaves_the_services_cpus_and_comes_back() -> None:
    before = os.sched_getaffinity(0)
    if len(before) == 1:
        pytest.skip("one CPU")
    service = max(before)
    with bench.away_from_service(CpuLayout(engine=[], service=[service], note="")):
        assert os.sched_getaffinity(0) == before - {service}
    assert os.sched_getaffinity(0) == before


def test_with_one_cpu_for_all_it_stays() -> None:
    before = os.sched_getaffinity(0)
    with bench.away_from_service(CpuLayout(engine=[], service=sorted(before), note="")):
        assert os.sched_getaffinity(0) == before


def test_ctrl_c_waits_while_order_is_made() -> None:
    handler = signal.getsignal(signal.SIGINT)
    with bench.uninterrupted():
        os.kill(os.getpid(), signal.SIGINT)
    assert signal.getsignal(signal.SIGINT) == handler


def test_the_journal_keeps_failed_phases_with_their_notes() -> None:
    journal = bench.Journal(Meddler())
    with journal.phase(Phase.BUILD):
        journal.note("first")
        journal.note("second")
    with pytest.raises(KeyError), journal.phase(Phase.START):
        raise KeyError
    assert [(one.phase, one.ok, one.note) for one in journal.records] == [
        (Phase.BUILD, True, "first; second"),
        (Phase.START, False, ""),
    ]
    assert journal.current is Phase.START
