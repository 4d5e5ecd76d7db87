"""More threads than CPUs: started and ended for requests, or ready to run all at once."""

import re
from typing import Final

from tailtune.judge.cause import Cause, finding, listed, sampled
from tailtune.judge.facts import FEWEST_SAMPLES, Facts
from tailtune.judge.names import owner, short
from tailtune.judge.stackprofile import relative_interval
from tailtune.model.finding import Evidence, Group, Strength
from tailtune.model.summary import StatesSummary
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
_CROWD_PER_CPU: Final = 2.0
_CROWD_BEYOND_QUEUE: Final = 3.0
"""So many times as many ready threads as random arrivals explain."""
_MOST_BUSY: Final = 0.8
"""Beyond, requests alone make a crowd."""


class ThreadOversubscription:
    """CPU samples in starting and ending threads; the scheduler's account of threads that are ready."""

    id = "thread-oversubscription"

    def apply(self, facts: Facts) -> list[Cause]:
        """Return a cause where threads come and go for a tenth of CPU time, or crowd a CPU that is not busy."""
        return self._churn(facts) or self._crowd(facts)

    def _churn(self, facts: Facts) -> list[Cause]:
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

    def _crowd(self, facts: Facts) -> list[Cause]:
        states, rho = _states(facts), facts.utilization
        if states is None or not 0.0 < rho <= _MOST_BUSY:
            return []
        queue = facts.service_cpus * rho**2 / (1 - rho)
        if states.runnable < max(_CROWD_PER_CPU * facts.service_cpus, _CROWD_BEYOND_QUEUE * queue):
            return []
        share = min(1.0, states.runnable / (states.runnable + states.on_cpu))
        seconds = facts.summary.diagnose.seconds if facts.summary.diagnose else 0.0
        found = finding(
            facts,
            self.id,
            "",
            f"{states.runnable:.1f} threads on average are ready and wait for a CPU, though the service keeps its "
            f"{facts.service_cpus} CPUs only {format_share(rho, 0)} busy: many begin to compute at once",
            group=Group.CONCURRENCY,
            share=relative_interval(share, seconds),
            share_of="time of threads that could compute",
            strength=Strength.MODERATE,
            evidence=_ready(facts),
            disproof="the tail stays when at most as many threads compute as there are CPUs",
            proposal="Let as many threads compute as there are CPUs, and let background work come in small pieces.",
        )
        return [Cause(found, share / 2)]


def _states(facts: Facts) -> StatesSummary | None:
    return facts.summary.diagnose.states if facts.summary.diagnose else None


def _ready(facts: Facts) -> list[Evidence]:
    states = _states(facts)
    if states is None:
        return []
    text = f"on average {states.runnable:.2f} threads ready and waiting for a CPU, {states.on_cpu:.2f} on one"
    return [Evidence(text=text, source="tables/thread_states.parquet")]


RULE = ThreadOversubscription()
