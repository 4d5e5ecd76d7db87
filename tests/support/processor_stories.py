"""Services with one processor (P) or one CPU, of which every wait for it is known."""

from collections.abc import Callable, Iterator

from tests.support.request_stories import MS, PARKED, READ, RECEIVE, WRITE, Story

from tailtune.judge.goroutine_table import RUNNABLE, RUNNING, WAITING

READS = ("internal/poll.(*FD).Read", "net/http.(*conn).serve")
TOTAL = ("main.total", "main.report", "net/http.(*conn).serve")
ANSWERS = ("main.answer", "net/http.(*conn).serve")
THREAD = 7
FIRST = 100
"""Goroutine of the first request; each request has its own, and a connection of its own."""
EACH = MS // 10
LONG = 20 * MS
EVERY = 250

Work = tuple[int, int, int, tuple[str, ...]]
"""Goroutine, begin and end with the P, and the stack that is sampled."""


def usual_and_long(number: int) -> int:
    """0.1 ms of computing for most, 20 ms for the first and then for each 250th."""
    return EACH if number % EVERY else LONG


def one_processor(
    computing: Callable[[int], int] = usual_and_long,
    *,
    requests: int = 1000,
    polled_after: int = 0,
    beside: Callable[[int], Work | None] = lambda _: None,
) -> Story:
    """A request arrives each millisecond, and has the P after those before it.

    Args:
        computing: ns that each request computes.
        requests: how many there are.
        polled_after: since when unread requests are ready to be read, ns after their arrival; 0: not before they run.
        beside: what has the P from a request's arrival on, before it, where the P is idle then.
    """
    story, free = Story(), 0
    for number in range(requests):
        at = MS + number * MS
        other = beside(at)
        if other is not None:
            _idles(story, free, at)
            free = _works(story, *other)
        begin = max(free, at)
        _idles(story, free, begin)
        free = _answers(story, number, at, begin, computing(number), polled_after)
    _idles(story, free, free + MS)
    return story


def one_cpu(
    computing: Callable[[int], int] = usual_and_long, *, requests: int = 1000, threads: int = 0, others: int = 0
) -> Story:
    """The same requests at one CPU, on which threads compute.

    Args:
        computing: ns that each request computes.
        requests: how many there are.
        threads: how many serve all connections, one request after another; 0: each request has one of its own.
        others: ns that another program has the CPU in front of each 250th request, from its arrival on.
    """
    story, free = Story(), 0
    was_free: dict[int, int] = {}
    for number in range(requests):
        at, thread = MS + number * MS, FIRST + (number % threads if threads else number)
        begin = max(free, at) + (others if number % EVERY == 0 else 0)
        end = free = begin + computing(number)
        left = was_free.get(thread, 0)
        if begin > left:
            asleep = max(0, at - left)
            story.wait(thread, left, RECEIVE, asleep, begin - left - asleep)
        _asked(story, number, at, begin, end, thread)
        _samples(story, begin, end, TOTAL if computing(number) > MS else ANSWERS, thread)
        was_free[thread] = end
    for thread, end in was_free.items():
        story.wait(thread, end, RECEIVE, MS)
    return story


def _asked(story: Story, number: int, at: int, begin: int, end: int, tid: int) -> None:
    """A request on a connection of its own; long ones are another operation than the others."""
    port = 4000 + number
    story.connection(number, port)
    story.request(at, at, end, connection=number, operation=int(end - begin > MS))
    story.call(READ, begin + 10, tid, port)
    story.call(WRITE, end - 10, tid, port)


def _answers(story: Story, number: int, at: int, begin: int, computes: int, polled_after: int) -> int:
    goroutine, end = FIRST + number, begin + computes
    ready = min(begin, at + polled_after) if polled_after else begin
    _asked(story, number, at, begin, end, THREAD)
    story.goroutine(goroutine, 0, ready, WAITING, *READS, reason="network")
    if ready < begin:
        story.goroutine(goroutine, ready, begin, RUNNABLE, *READS)
    story.goroutine(goroutine, begin, end, RUNNING, *READS, tid=THREAD)
    story.goroutine(goroutine, end, end + MS, WAITING, *READS, reason="network")
    _samples(story, begin, end, TOTAL if computes > MS else ANSWERS)
    return end


def _works(story: Story, goroutine: int, begin: int, end: int, stack: tuple[str, ...]) -> int:
    story.goroutine(goroutine, begin - 10, begin, WAITING, *stack, reason="system goroutine wait")
    story.goroutine(goroutine, begin, end, RUNNING, *stack, tid=THREAD)
    _samples(story, begin, end, stack)
    return end


def _idles(story: Story, begin: int, end: int) -> None:
    if end > begin:
        story.wait(THREAD, begin, PARKED, end - begin)


def _samples(story: Story, begin: int, end: int, stack: tuple[str, ...], tid: int = THREAD) -> None:
    for at in _each_millisecond(begin, end):
        story.sample(tid, at, *stack)


def _each_millisecond(begin: int, end: int) -> Iterator[int]:
    return iter(range(-(-begin // MS) * MS, end, MS))
