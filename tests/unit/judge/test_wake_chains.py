"""Who woke whom, told event by event: what tasks waited for between the threads that had them."""

from itertools import pairwise

import numpy as np
import pytest
from tests.support.request_stories import (
    LOCK,
    MAIN,
    MS,
    READ,
    RECEIVE,
    SLEEP,
    WRITE,
    Story,
)

from tailtune.judge.part_names import kind_of_part
from tailtune.judge.part_places import PartPlaces
from tailtune.judge.request_parts import RequestParts, divide
from tailtune.judge.request_timeline import timeline_of
from tailtune.judge.wait_ends import BY_INTERRUPT, BY_SENDER, BY_THREAD, BY_TIMER, UNKNOWN
from tailtune.model.request_parts import PartKind

PARKED = ("do_epoll_wait", "mio::poll::Poll::poll", "tokio::runtime::scheduler::current_thread::Context::park")
IDLE = ("futex_wait", "tokio::runtime::blocking::pool::Inner::run")
JOB = (*SLEEP, "report::pack", "tokio::runtime::blocking::pool::Inner::run")
ENGINE = 99
ALL = np.ones(1, dtype=np.bool_)


def task() -> Story:
    """Thread 7 reads at 1100 and has no work from 1150; it comes back at 1730 and writes at 1900."""
    story = Story()
    story.connection(0, 4000)
    story.request(1000, 1000, 2000)
    story.call(READ, 1100, 7, 4000)
    story.call(WRITE, 1900, 7, 4000)
    story.wait(7, 1000, PARKED, 60, 20)
    story.wait(7, 1150, PARKED, 550, 30)
    story.wait(7, 1950, PARKED, 5000)
    for tid in (7, 8, 9):
        story.thread(tid, f"worker-{tid}", 9000, 9000)
    return story


def divided(story: Story) -> RequestParts:
    found = divide(story.tables())
    steps = timeline_of(found, "r0", "diagnose", []).steps
    spent = {name: int(values[0]) for name, values in found.parts.items()}
    assert sum(spent.values()) == sum(step.length_ns for step in steps) == 1000
    assert all(one.begin_ns + one.length_ns == other.begin_ns for one, other in pairwise(steps))
    for name, length in spent.items():
        assert sum(step.length_ns for step in steps if step.part == name) == length
    return found


def between(story: Story) -> dict[str, int]:
    """The parts between the two ends of the request."""
    outside = ("way in", "way back", "on CPU", "reader on CPU", "reader runnable")
    return {name: int(values[0]) for name, values in divided(story).parts.items() if name not in outside}


def test_until_a_timer_woke_the_thread_a_task_waited_for_it():
    story = task()
    story.woken(7, 1150, 55, BY_TIMER)
    assert between(story) == {"timer": 550, "other thread runnable": 30}
    found = divided(story)
    assert kind_of_part("timer") is PartKind.WAITING
    assert "who woke whom" in timeline_of(found, "r0", "diagnose", []).note
    assert PartPlaces(found).of("timer", ALL) == []
    for at in range(1740, 1745):
        story.sample(7, at, "retry::attempt", MAIN)
    [place] = PartPlaces(divided(story)).of("timer", ALL)
    assert place.function == "retry::attempt"


def test_a_thread_that_computed_until_it_woke_the_writer_is_what_a_task_waited_for():
    story = task()
    story.woken(7, 1150, 8, BY_THREAD)
    story.wait(8, 500, IDLE, 640, 10)  # woken by 7 itself, for this task
    story.woken(8, 500, 7, BY_THREAD)
    story.wait(8, 1720, IDLE, 5000)
    assert between(story) == {"other thread on CPU": 550, "other thread runnable": 30}


def test_what_a_thread_waited_for_that_woke_the_writer_is_told_and_the_chain_goes_on_behind_it():
    story = task()
    story.woken(7, 1150, 8, BY_THREAD)
    story.wait(8, 500, IDLE, 740, 10)  # until 1240, woken by a timer
    story.woken(8, 500, 55, BY_TIMER)
    story.wait(8, 1300, (*LOCK, "report::pack", *IDLE), 200, 20)
    story.woken(8, 1300, 9, BY_THREAD)
    story.wait(8, 1720, IDLE, 5000)
    assert between(story) == {
        "timer": 90,
        "other thread blocked: lock": 200,
        "other thread runnable": 10 + 20 + 30,
        "other thread on CPU": 50 + 180,
    }
    assert PartPlaces(divided(story)).taken_at_once("other thread blocked: lock", ALL) == 1.0


def test_a_service_that_asks_itself_is_followed_through_its_own_sender():
    """As a backend in the same process: the packets come while its thread is in the call that sends them."""
    story = task()
    story.woken(7, 1150, 9, BY_SENDER)
    story.wait(9, 900, (*RECEIVE, "backend::serve"), 240, 5)  # until 1140, woken by the task's own question
    story.woken(9, 900, 7, BY_SENDER)
    story.wait(9, 1210, (*SLEEP, "backend::look_up"), 400)
    story.woken(9, 1210, 55, BY_TIMER)
    story.wait(9, 1800, RECEIVE, 5000)
    found = between(story)
    assert found["other thread blocked: sleep"] == 400
    assert not {"other thread blocked: network", "handed over"} & found.keys()
    story.rows["wait_ends"] = [row for row in story.rows["wait_ends"] if (row["tid"], row["t_ns"]) != (9, 900)]
    story.woken(9, 900, ENGINE, BY_INTERRUPT)
    waits = next(row for row in story.rows["waits"] if (row["tid"], row["t_ns"]) == (9, 900))
    waits["blocked_ns"] = 300  # for somebody else, until 1200
    assert between(story)["other thread blocked: network"] == 50


@pytest.mark.parametrize(("by", "how"), [(ENGINE, BY_SENDER), (ENGINE, BY_THREAD), (0, BY_SENDER), (8, BY_INTERRUPT)])
def test_who_is_none_of_the_service_tells_nothing_but_that_no_thread_had_work(by, how):
    story = task()
    story.woken(7, 1150, by, how)
    assert between(story) == {"timer or network": 550, "other thread runnable": 30}
    story.wait(8, 1100, IDLE, 100)  # until 1200, then at work for 50
    story.wait(8, 1250, IDLE, 150, 20)  # ready from 1400, on CPU for 30 more
    story.wait(8, 1450, (*LOCK, "report::pack"), 100)
    story.wait(8, 1550, IDLE, 5000)
    at_work = 50 + 20 + 30 + 100
    assert between(story) == {
        "timer or network": 550 - at_work,
        "handed over": at_work,
        "other thread runnable": 30,
    }


def test_without_wakers_nothing_is_said_to_be_outside():
    story = task()
    story.woken(7, 1150, -1, UNKNOWN)
    assert between(story) == {"handed over": 580}


def test_a_thread_that_may_have_run_unseen_is_not_taken_to_be_idle():
    story = task()
    story.woken(7, 1150, ENGINE, BY_SENDER)
    story.rows["thread_states"] = [row for row in story.rows["thread_states"] if row["tid"] != 9]
    story.thread(9, "worker-9", 6 * MS, 6 * MS)  # without a row: it computes all the time
    assert between(story) == {"handed over": 550, "other thread runnable": 30}
    story.rows["thread_states"][-1]["on_cpu_ns"] = 1_000
    assert between(story) == {"timer or network": 550, "other thread runnable": 30}


def test_a_thread_that_is_born_meanwhile_did_nothing_before():
    story = task()
    story.woken(7, 1150, 8, BY_THREAD)
    story.wait(8, 1600, (), 0, 10)  # born, and on a CPU from 1610
    story.wait(8, 1720, IDLE, 5000)
    found = between(story)
    assert found["other thread on CPU"] == 90
    assert found["other thread runnable"] == 10 + 30
    assert found["timer or network"] == 450


def test_a_thread_of_very_many_that_has_no_row_of_states_is_ours_still():
    story = task()
    story.woken(7, 1150, 8, BY_THREAD)
    story.wait(8, 1000, IDLE, 50)
    story.wait(8, 1720, IDLE, 5000)
    story.rows["thread_states"] = [row for row in story.rows["thread_states"] if row["tid"] != 8]
    story.thread(0, "[ended threads]", 9000, 9000)
    assert between(story)["other thread on CPU"] == 550


def test_how_many_requests_go_on_at_one_moment_tells_whether_they_wait_for_the_same():
    story = task()
    story.woken(7, 1150, 55, BY_TIMER)
    places = PartPlaces(divided(story))
    assert places.together("timer", ALL) == 1.0
    assert places.together("on CPU", ALL) is None
    story.connection(1, 4001)
    story.request(1000, 1000, 2100, connection=1)
    story.call(READ, 1110, 7, 4001)
    story.call(WRITE, 1800, 7, 4001)
    both = PartPlaces(divide(story.tables()))
    assert both.together("timer", np.ones(2, dtype=np.bool_)) == 2.0


def test_threads_of_a_pool_are_known_where_their_stacks_do_not_show_it():
    story = task()
    story.woken(7, 1150, 8, BY_THREAD)
    story.wait(8, 500, IDLE, 700, 10)
    story.woken(8, 500, 9, BY_THREAD)
    story.wait(8, 1250, ("__libc_recv",), 400)
    story.woken(8, 1250, 9, BY_SENDER)
    story.wait(8, 1720, IDLE, 5000)
    places = PartPlaces(divided(story))
    assert places.on_pool("other thread blocked: network", ALL) == 1.0
    assert places.on_pool("timer", ALL) is None


def queued(idle_before: int) -> PartPlaces:
    """Thread 7 waits for its job from 1200 to 1700; 8 of the pool wakes it, and was idle until `idle_before`."""
    story = Story()
    story.connection(0, 4000)
    story.request(1000, 1000, 2000)
    story.call(READ, 1100, 7, 4000)
    story.call(WRITE, 1900, 7, 4000)
    story.thread(7, "worker", 9000, 9000)
    story.thread(8, "pool", 9000, 9000)
    story.wait(7, 1200, ("futex_wait", "std::sync::mpmc::list::Channel::recv", MAIN), 500)
    story.woken(7, 1200, 8, BY_THREAD)
    story.wait(8, 900, ("futex_wait", "std::sync::mpmc::list::Channel::recv", "pool::run"), idle_before - 900)
    story.wait(8, 1750, ("futex_wait", "std::sync::mpmc::list::Channel::recv", "pool::run"), 5000)
    for at in range(1220, 1700, 20):
        story.sample(8, at, "survey::render", "pool::run")
    return PartPlaces(divide(story.tables()))


def test_at_a_queue_it_is_told_what_the_other_end_did_and_for_whom():
    [place] = queued(1000).holders("queue or hand-off", ALL)
    assert place.function == "survey::render called by pool::run"
    assert queued(1000).taken_at_once("queue or hand-off", ALL) == 0.0
    assert queued(1210).taken_at_once("queue or hand-off", ALL) == 1.0


def test_what_runs_behind_timers_is_named_from_some_samples_on_only():
    story = task()
    story.woken(7, 1150, 55, BY_TIMER)
    for number in range(4):
        story.sample(7, 1740 + number, f"retry::attempt_{number}", MAIN)
    assert PartPlaces(divided(story)).of("timer", ALL) == []


def test_a_thread_asleep_since_nobody_knows_when_has_no_work():
    story = task()
    story.woken(7, 1150, ENGINE, BY_SENDER)
    story.wait(8, 900, ("[off-CPU since before its first switch]",), 2_000 * MS)
    assert between(story) == {"timer or network": 550, "other thread runnable": 30}
    story.rows["waits"][-1]["blocked_ns"] = 900
    assert between(story)["handed over"] == 550


def test_threads_that_wake_each_other_without_end_end():
    story = task()
    for tid, other in ((7, 8), (8, 7)):
        for at in range(1150, 1700, 2):
            story.wait(tid, at + tid % 2, IDLE, 1)
            story.woken(tid, at + tid % 2, other, BY_THREAD)
    parts = divide(story.tables()).parts
    assert sum(int(values[0]) for values in parts.values()) == 1000
    assert parts["handed over"][0] > 0


def test_another_program_that_had_the_cpu_is_named():
    story = Story()
    story.connection(0, 4000)
    story.request(1000, 1000, 2000)
    story.call(READ, 1000, 7, 4000)
    story.call(WRITE, 1900, 7, 4000)
    story.thread(7, "worker", 9000, 9000)
    for at, pid, name in ((1100, 50, "stress"), (1400, 1, "worker"), (1600, 0, "swapper/0")):
        story.wait(7, at, (MAIN,), 0, 100 if pid == 1 else 50)
        story.woken(7, at, -1, UNKNOWN, pid, name)
    found = divided(story)
    places = PartPlaces(found).of("runnable", ALL)
    assert {place.function: round(place.share, 3) for place in places} == {
        "[not sampled]": 0.75,
        "stress (another program)": 0.25,
    }
    story.rows["wait_ends"][0]["behind"] = "ksoftirqd/0"
    assert PartPlaces(divided(story)).of("runnable", ALL)[1].function == "ksoftirqd/0 (the kernel)"
    story.rows["wait_ends"][0]["behind"] = "stress"
    story.sample(8, 1450, "shop::render", MAIN)
    story.sample(7, 1550, MAIN)
    ours, others = PartPlaces(divided(story)).of("runnable", ALL)
    assert (ours.function, ours.count) == ("shop::render", 1)
    assert (others.function, others.count) == ("stress (another program)", 1)
    assert ours.share == pytest.approx(0.75)
    assert others.share == pytest.approx(0.25)


@pytest.mark.parametrize("seed", range(20))
def test_whatever_woke_whom_parts_add_up(seed):
    random = np.random.default_rng(seed)
    story = task()
    story.woken(7, 1150, int(random.integers(7, 10)), int(random.integers(0, 5)))
    for tid in (8, 9):
        at = int(random.integers(0, 1000))
        while at < 2500:
            blocked, runnable, ran = (int(value) for value in random.integers(0, 200, 3))
            story.wait(tid, at, [IDLE, JOB, PARKED, (*RECEIVE, MAIN)][random.integers(0, 4)], blocked, runnable)
            story.woken(tid, at, int(random.integers(6, 11)), int(random.integers(0, 5)))
            at += blocked + runnable + ran + 1
    assert sum(between(story).values()) == 580
