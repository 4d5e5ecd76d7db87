"""CPU time in the kernel on behalf of the service."""

from typing import Final

from tailtune.judge.cause import Cause, Rank, finding, listed, sampled
from tailtune.judge.facts import FEWEST_SAMPLES, Facts
from tailtune.judge.names import owner, short
from tailtune.model.finding import Evidence, Group
from tailtune.model.units import format_share

_WORTH_A_FINDING: Final = 0.30
_ENTRIES: Final = ("entry_SYSCALL", "do_syscall", "x64_sys_call", "el0_svc", "invoke_syscall", "asm_", "ret_from_fork")


class KernelTime:
    """Samples whose leaf is in the kernel, by the system call they came through."""

    id = "kernel-time"

    def apply(self, facts: Facts) -> list[Cause]:
        """Return a cause where the kernel takes 30 % of CPU time or more."""
        profile = facts.cpu
        if profile is None:
            return []
        stacks = profile.leaves(lambda frame: frame.kernel)
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


def _call(functions: list[str], kernel: frozenset[str]) -> str | None:
    """The outermost kernel function that says what was asked for."""
    inside = [name for name in functions if name in kernel and not name.startswith(_ENTRIES)]
    return inside[-1] if inside else None


RULE = KernelTime()
