"""Atomic instructions on cache lines that CPUs take from each other: counters that are shared, or lie too near."""

import re
from typing import Final

import numpy as np

from tailtune.judge.atomic_samples import SlowDown, slow_down
from tailtune.judge.cause import Cause, changed_setting, finding, sampled
from tailtune.judge.facts import Facts
from tailtune.judge.hot_lines import hot_line, line_evidence, passing_lines
from tailtune.judge.names import owner, short
from tailtune.judge.stackprofile import FEWEST_SAMPLES, StackProfile, Stacks
from tailtune.model.finding import Evidence, Finding, Group, Strength
from tailtune.model.project import Language
from tailtune.model.units import format_share

_WORTH_A_FINDING: Final = 0.10
_SLOWER: Final = 1.5
"""By at least so much an atomic instruction is slower beside another CPU: the interval's lower end."""
_WITHOUT_BEING_TOLD: Final = 1 / 3
"""Of CPU time, where the service is never alone: one that is not contended takes so much only in a tight loop."""
_LOCKING: Final = re.compile(
    r"mutex|rw_?lock|lock_api|parking_lot|spin_?lock|semaphore|semacquire|futex|condvar|mpsc|channel", re.IGNORECASE
)
"""Their atomics are what a lock is made of; other rules tell of locks."""
_SAMPLES: Final = "tables/samples.parquet"


class ContendedAtomics:
    """CPU samples at atomic instructions of one function, on several CPUs at once, and slower there than alone."""

    id = "contended-atomics"

    def apply(self, facts: Facts) -> list[Cause]:
        """Return a cause for the function whose atomic instructions take most, from a tenth of CPU time on."""
        profile, samples = facts.cpu, facts.atomics
        if profile is None or samples is None:
            return []
        function, stacks = _largest(profile, samples.atomic)
        at_once = samples.among(stacks) & samples.beside(samples.among(samples.atomic))
        cpus = len(np.unique(samples.cpu[at_once]))
        share = profile.share(stacks)
        if share.point < _WORTH_A_FINDING or cpus < 2 or np.count_nonzero(at_once) < FEWEST_SAMPLES:
            return []
        slower = slow_down(samples, stacks, _outside_kernel(profile))
        is_told = slower.samples >= FEWEST_SAMPLES
        ratio = slower.ratio
        if (ratio.low or 0.0) < _SLOWER if is_told else share.point < _WITHOUT_BEING_TOLD:
            return []
        evidence = [
            sampled(profile, stacks, "at an atomic instruction, or directly behind one"),
            _beside(int(np.count_nonzero(at_once))),
            *([_told(slower)] if is_told else []),
        ]
        found = self._finding(facts, profile, function, stacks, cpus, evidence, is_told=is_told)
        lost = slower.together[0] / profile.samples * (1 - 1 / ratio.point) if is_told else share.point
        return [Cause(found, facts.saving(lost), explains=stacks)]

    def _finding(
        self,
        facts: Facts,
        profile: StackProfile,
        function: str,
        stacks: Stacks,
        cpus: int,
        evidence: list[Evidence],
        *,
        is_told: bool,
    ) -> Finding:
        share = profile.share(stacks)
        lines = passing_lines(profile, stacks, function)
        hot = hot_line(lines)
        where = f" ({hot.place})" if hot else ""
        return finding(
            facts,
            self.id,
            short(function),
            f"{format_share(share.point)} of CPU time is spent at atomic instructions of {short(function)}{where}, on "
            f"{cpus} CPUs at once: they seem to take a cache line from each other",
            group=Group.DATA_LAYOUT,
            share=share,
            strength=Strength.MODERATE if is_told else Strength.WEAK,
            evidence=[*evidence, *line_evidence(profile, lines, f"atomic instructions of {short(function)}")],
            disproof="CPU per request stays when the service has one CPU",
            proposal="Give each CPU or thread a counter of its own, and add them up where they are read; add many "
            "times to a local variable, and once to the shared one. What threads write has to lie 128 bytes apart: "
            "#[repr(align(128))] or crossbeam's CachePadded in Rust, a field _ [128]byte between them in Go.",
            confirm=_fewer_cpus(facts),
        )


def _largest(profile: StackProfile, atomic: Stacks) -> tuple[str, Stacks]:
    """Return the function of the service's or a library's with most samples at its atomic instructions."""
    found: dict[str, set[int]] = {}
    for stack in atomic:
        functions = profile.names(stack)
        function = owner(functions)
        if function is not None and not any(map(_LOCKING.search, functions[: functions.index(function) + 1])):
            found.setdefault(function, set()).add(stack)
    most = max(found, key=lambda name: (profile.count(frozenset(found[name])), name), default="")
    return most, frozenset(found.get(most, ()))


def _outside_kernel(profile: StackProfile) -> Stacks:
    return profile.everything - profile.leaves(lambda frame: frame.kernel)


def _beside(count: int) -> Evidence:
    text = f"{count:,} of them while another CPU was at an atomic instruction as well"
    return Evidence(text=text, source=_SAMPLES, count=count)


def _told(slower: SlowDown) -> Evidence:
    ratio, (at, other), (at_alone, other_alone) = slower.ratio, slower.together, slower.alone
    text = (
        f"against other code they take {ratio.point:.1f} times as long ({ratio.low:.1f} to {ratio.high:.1f}) while "
        f"another CPU works for the service: {at:,} samples beside {other:,} then, {at_alone:,} beside {other_alone:,} "
        "alone"
    )
    return Evidence(text=text, source=_SAMPLES, count=ratio.n)


def _fewer_cpus(facts: Facts) -> str:
    """The experiment with one CPU: contention grows with the cores at work, and one core has none."""
    service = facts.manifest.service
    if service is not None and service.language is Language.GO:
        return changed_setting(facts, "gomaxprocs", "1")
    is_pinned = any("pinning" in variant.knobs for variant in facts.manifest.variants.values())
    # Pinned threads have CPUs of their own, whatever the process has.
    return changed_setting(facts, "pinning" if is_pinned else "affinity", str(min(facts.cpus, default=0)))


RULE = ContendedAtomics()
