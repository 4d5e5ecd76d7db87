"""More threads at work than there are CPUs: requests wait behind them, or pay for starting and ending each."""

import re
from collections.abc import Sequence
from typing import Final

from tailtune.judge.cause import TAIL, Cause, finding, listed, ready_threads, sampled
from tailtune.judge.crowds import Crowd
from tailtune.judge.facts import Facts
from tailtune.judge.names import owner, short
from tailtune.judge.stackprofile import FEWEST_SAMPLES
from tailtune.model.finding import Evidence, Group, Strength
from tailtune.model.units import format_ns, format_share

_WORTH_A_FINDING: Final = 0.10
_OF_THE_TAIL: Final = 0.25
_MANY: Final = 8
"""Threads for each CPU, in front of a request."""
_DISPROOF: Final = "the tail stays when the work is done by as many threads as there are CPUs, which are there already"
_PROPOSAL: Final = (
    "Do small work in the thread that has the request. For large work keep as many threads as CPUs "
    "(std::thread::available_parallelism, rayon) and hand it to them in few pieces."
)
_CHURN: Final = re.compile(
    # The kernel's part: clone and exit of threads (kernel/fork.c, kernel/exit.c).
    r"(__)?(x64|arm64|do)_sys_(clone3?|exit)$|kernel_clone$|copy_process$|wake_up_new_task$|schedule_tail$|"
    r"ret_from_fork(_asm)?$|do_exit$|"
    # The C library's: stacks are taken and given back (nptl/allocatestack.c, nptl/pthread_create.c).
    r"(__)?pthread_create(_2_1)?(@.*)?$|allocate_stack$|advise_stack_range$|(__)?nptl_(free_tcb|deallocate_stack)$|"
    # Rust's and Go's. A thread's own first frames are closures of these, hence the ends.
    r"std::thread::(.*::)?spawn\w*$|<?std::thread::(.*)Builder>?::spawn\w*$|<?std::sys::.*thread::.*Thread>?::new$|"
    r"std::sys::.*stack_overflow::.*(make_handler|drop_handler|get_stack)$|runtime\.(newm|newm1|newosproc|clone)$"
)


class ThreadOversubscription:
    """Who had the CPUs while requests above p99 waited for one; CPU samples in starting and ending threads."""

    id = "thread-oversubscription"

    def apply(self, facts: Facts) -> list[Cause]:
        """Return a cause where many threads of no request take a quarter of the tail, or starting them CPU time."""
        profile = facts.cpu
        stacks = profile.containing(_CHURN) if profile else frozenset[int]()
        crowd = facts.crowd
        if crowd is not None and crowd.share.point >= _OF_THE_TAIL and crowd.threads >= _MANY * facts.service_cpus:
            return [_of_crowd(facts, crowd, profile.owners(stacks, owner) if profile else [])]
        if profile is None or profile.count(stacks) < FEWEST_SAMPLES:
            return []
        share = profile.share(stacks)
        if share.point < _WORTH_A_FINDING:
            return []
        callers = profile.owners(stacks, owner)
        where = f"; they are started in {listed(callers)}" if callers else ""
        found = finding(
            facts,
            self.id,
            short(callers[0][0]) if callers else "",
            f"starting and ending threads takes {format_share(share.point)} of CPU time{where}",
            group=Group.CONCURRENCY,
            share=share,
            evidence=[sampled(profile, stacks, "starting and ending threads"), *ready_threads(facts)],
            disproof="CPU per request stays when the work is done by threads that are there already",
            proposal=_PROPOSAL,
        )
        return [Cause(found, facts.saving(share.point), explains=stacks)]


def _of_crowd(facts: Facts, crowd: Crowd, starters: Sequence[tuple[str, float]]) -> Cause:
    """Return the cause of threads that requests queue behind; `starters`: functions that start threads."""
    places = [(place.function, place.share) for place in crowd.places]
    where = f", which compute in {listed(places)}" if places else ""
    started = f"; threads are started in {listed(starters)}" if starters else ""
    found = finding(
        facts,
        ThreadOversubscription.id,
        short(starters[0][0]) if starters else "",
        f"requests above p99 wait for a CPU behind {crowd.threads} threads of no request{where}: "
        f"{format_ns(crowd.mean_ns)} each, {format_share(crowd.share.point)} of their time{started}",
        group=Group.CONCURRENCY,
        share=crowd.share,
        share_of=TAIL,
        strength=Strength.STRONG,
        evidence=[
            Evidence(
                text=f"{crowd.threads} threads had a CPU while one of the slowest requests waited, in the median",
                source="tables/waits.parquet",
                count=crowd.threads,
            ),
            *ready_threads(facts),
            Evidence(text=f"look at one: tailtune explain --request {crowd.example}", source="tables/waits.parquet"),
        ],
        disproof=_DISPROOF,
        proposal=_PROPOSAL,
    )
    return Cause(found, crowd.share.point, parts=crowd.parts)


RULE = ThreadOversubscription()
