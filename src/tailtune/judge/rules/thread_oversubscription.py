"""Threads started and ended for requests: more than there are CPUs, and each at a price."""

import re
from typing import Final

from tailtune.judge.cause import Cause, finding, listed, sampled
from tailtune.judge.facts import FEWEST_SAMPLES, Facts
from tailtune.judge.names import owner, short
from tailtune.model.finding import Evidence, Group
from tailtune.model.units import format_share

_WORTH_A_FINDING: Final = 0.10
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
    """CPU samples in starting and ending threads."""

    id = "thread-oversubscription"

    def apply(self, facts: Facts) -> list[Cause]:
        """Return a cause where threads come and go for a tenth of CPU time."""
        profile = facts.cpu
        stacks = profile.containing(_CHURN) if profile else frozenset[int]()
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
            evidence=[sampled(profile, stacks, "starting and ending threads"), *_ready(facts)],
            disproof="CPU per request stays when the work is done by threads that are there already",
            proposal="Do small work in the thread that has the request. For large work keep as many threads as CPUs "
            "(std::thread::available_parallelism, rayon) and hand it to them in few pieces.",
        )
        return [Cause(found, facts.saving(share.point), explains=stacks)]


def _ready(facts: Facts) -> list[Evidence]:
    states = facts.summary.diagnose.states if facts.summary.diagnose else None
    if states is None:
        return []
    text = f"on average {states.runnable:.2f} threads ready and waiting for a CPU, {states.on_cpu:.2f} on one"
    return [Evidence(text=text, source="tables/thread_states.parquet")]


RULE = ThreadOversubscription()
