"""CPU time in the kernel on behalf of the service."""

import re
from typing import Final

from tailtune.judge.cause import Cause, Rank, finding, listed, sampled
from tailtune.judge.facts import Facts
from tailtune.judge.names import is_code, owner, short
from tailtune.judge.stackprofile import FEWEST_SAMPLES, StackProfile, Stacks
from tailtune.model.finding import Evidence, Group
from tailtune.model.units import format_share

_WORTH_A_FINDING: Final = 0.30
_ENTRIES: Final = ("entry_SYSCALL", "do_syscall", "x64_sys_call", "el0_svc", "invoke_syscall", "asm_", "ret_from_fork")
_TALKING: Final = re.compile(
    r"(ksys|(__)?(x64|arm64|do)_sys|__sys)_(read|write|readv|writev|recv(from|msg)?|send(to|msg)?|epoll_p?wait2?)$"
)
"""Calls that take in requests, give out answers and wait for more."""


class KernelTime:
    """Samples whose leaf is in the kernel, by the system call they came through."""

    id = "kernel-time"

    def apply(self, facts: Facts) -> list[Cause]:
        """Return a cause where the kernel takes 30 % of CPU time, what the server itself reads and writes left out."""
        profile = facts.cpu
        if profile is None:
            return []
        stacks = _beyond_any_service(profile, profile.leaves(lambda frame: frame.kernel))
        share = profile.share(stacks)
        if profile.count(stacks) < FEWEST_SAMPLES or share.point < _WORTH_A_FINDING:
            return []
        kernel = frozenset(frame.function for frame in profile.frames if frame.kernel)
        calls = profile.owners(stacks, lambda functions: _call(functions, kernel))
        callers = profile.owners(stacks, owner)
        found = finding(
            facts,
            self.id,
            short(calls[0][0]) if calls else "",
            f"{format_share(share.point)} of CPU time is spent in the kernel, most in {listed(calls)}",
            group=Group.CONCURRENCY,
            share=share,
            evidence=[
                sampled(profile, stacks, "in the kernel"),
                *([Evidence(text=f"called for {listed(callers)}", source=profile.source)] if callers else []),
            ],
            disproof="system time per request stays when the service makes fewer system calls",
            proposal="Make fewer and larger calls: buffer writes, send header and body at once, wake threads rarely.",
        )
        return [Cause(found, facts.saving(share.point) / 2, Rank.GENERIC, stacks)]


def _beyond_any_service(profile: StackProfile, stacks: Stacks) -> Stacks:
    """Leave out reads and writes that plumbing makes without any code: a service without work has them as well.

    They are most of the CPU time where requests need little else, and nobody can take them away.
    """
    talking = stacks & profile.containing(_TALKING)
    return stacks - frozenset(stack for stack in talking if not any(map(is_code, profile.names(stack))))


def _call(functions: list[str], kernel: frozenset[str]) -> str | None:
    """The outermost kernel function that says what was asked for."""
    inside = [name for name in functions if name in kernel and not name.startswith(_ENTRIES)]
    return inside[-1] if inside else None


RULE = KernelTime()
