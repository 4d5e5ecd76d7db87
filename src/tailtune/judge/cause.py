"""What a rule hands over: a finding, and what ranking needs to know of it."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Final, Protocol

from tailtune.judge.facts import Facts
from tailtune.judge.names import short
from tailtune.judge.stackprofile import StackProfile, Stacks
from tailtune.model.estimate import Estimate
from tailtune.model.finding import Evidence, Finding, Group, Strength
from tailtune.model.units import format_share
from tailtune.model.workload import Arrival

CPU_TIME: Final = "CPU time of the service"
MEAN_LATENCY: Final = "mean latency"
TAIL: Final = "wall time of requests above p99"
_STRONG_SAMPLES: Final = 100


def changed_code(facts: Facts) -> str:
    """Return the experiment for a change of code: the last commit against the working tree."""
    return f"tailtune compare HEAD worktree{_workload(facts)}  # after the edit"


def changed_environment(facts: Facts, variant: str, name: str, value: str) -> str:
    """Return the experiment for a setting in the service's environment."""
    setting = f'env = {{ {name} = "{value}" }} under [variants.{variant}]'
    return f"tailtune compare base {variant}{_workload(facts)}  # with {setting}"


def changed_rate(facts: Facts, rate_per_s: float) -> str:
    """Return the run of the same variant and workload at another rate, or with what stands for it there."""
    workload = facts.manifest.workload
    variant = "" if facts.summary.variant in ("", "base") else f" --variant {facts.summary.variant}"
    if workload is not None and not workload.takes_rate:
        instead = "fewer connections" if workload.arrival is Arrival.CLOSED else "a lower speed of the trace"
        return f"tailtune run{_workload(facts)}{variant}  # with {instead}"
    return f"tailtune run --rate {max(1, round(rate_per_s))}{_workload(facts)}{variant}"


def changed_knob(facts: Facts, knob: str, *levels: str) -> str:
    """Return the sweep that tries some levels of a knob."""
    return f"tailtune sweep {knob}={','.join(levels)}{_workload(facts)}"


def _workload(facts: Facts) -> str:
    name = facts.manifest.workload_name
    return "" if name in ("", "default") else f" --workload {name}"


class Rank(IntEnum):
    """What is explained by what, and listed before what, whatever its size."""

    FORBIDS = 0
    """Without remedy nothing else is to be believed."""
    SPECIFIC = 1
    BROAD = 2
    """Listed among the specific ones, but left out where one of them is its reason."""
    GENERIC = 3
    """Names where, but not why; left out where specific causes tell."""
    REMARK = 4


@dataclass(frozen=True)
class Cause:
    """A finding, the share of latency it is expected to save, and the CPU samples it explains."""

    finding: Finding
    saving: float
    rank: Rank = Rank.SPECIFIC
    explains: Stacks = frozenset()


class Rule(Protocol):
    """One diagnosis. Found by being a module of `judge/rules` with a `RULE`."""

    @property
    def id(self) -> str:
        """Name, stable; the beginning of its findings' ids."""

    def apply(self, facts: Facts) -> list[Cause]:
        """Return what the rule finds: nothing where the facts do not carry it."""


def finding(
    facts: Facts,
    rule: str,
    subject: str,
    title: str,
    *,
    group: Group,
    share: Estimate,
    evidence: list[Evidence],
    disproof: str,
    proposal: str,
    share_of: str = CPU_TIME,
    strength: Strength | None = None,
    confirm: str = "",
) -> Finding:
    """Build a finding; unless given, its strength follows from the samples and its experiment changes the code."""
    counted = share.point * share.n
    return Finding(
        id=f"{rule}:{subject}" if subject else rule,
        rule=rule,
        title=title,
        group=group,
        strength=strength or (Strength.STRONG if counted >= _STRONG_SAMPLES else Strength.MODERATE),
        share=share,
        share_of=share_of,
        evidence=evidence,
        disproof=disproof,
        proposal=proposal,
        confirm=confirm or changed_code(facts),
    )


def sampled(profile: StackProfile, stacks: Stacks, what: str = "") -> Evidence:
    """Return how many samples a statement rests on: `what: 31 of 402 samples`."""
    count = profile.count(stacks)
    text = f"{count:,} of {profile.samples:,} samples"
    return Evidence(text=f"{what}: {text}" if what else text, source=profile.source, count=count)


def listed(shares: Sequence[tuple[str, float]], most: int = 3) -> str:
    """Return functions with shares as text: `main.plain (31 %), main.highlight (12 %)`."""
    return ", ".join(f"{short(name)} ({format_share(share, 0)})" for name, share in shares[:most])
