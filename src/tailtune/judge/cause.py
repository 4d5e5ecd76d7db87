"""What a rule hands over: a finding, and what ranking needs to know of it."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Final, NamedTuple, Protocol

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


def changed_setting(facts: Facts, knob: str, level: str) -> str:
    """Return the experiment for another level of a knob: the same variant without and with it."""
    variant = facts.summary.variant or "base"
    return f"tailtune compare {variant} {variant}+{knob}={level}{_workload(facts)}"


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


def instrumented_run(facts: Facts) -> str:
    """Return the run of the same variant and workload with profiling that costs something."""
    variant = "" if facts.summary.variant in ("", "base") else f" --variant {facts.summary.variant}"
    return f"tailtune run --instrument{_workload(facts)}{variant}"


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
    QUEUE = 4
    """What is left of waiting: left out where specific causes tell of the same parts; those with code come before."""
    UNNAMED = 5
    """A wait, nobody knows what for: among the specific causes, unless one of them tells of a wait."""
    REMARK = 6
    TOGETHER = 7
    """Seen at the same time only: below all that has direct evidence."""


class Seen(NamedTuple):
    """Stacks of a profile that a finding rests on."""

    profile: StackProfile
    stacks: Stacks


@dataclass(frozen=True)
class Cause:
    """A finding, the share of latency it is expected to save, and what it was seen in."""

    finding: Finding
    saving: float
    rank: Rank = Rank.SPECIFIC
    explains: Stacks = frozenset()
    """The CPU samples that it explains."""
    seen: tuple[Seen, ...] = ()
    """Of other profiles than that of the CPU."""
    parts: tuple[str, ...] = ()
    """Parts of the requests above p99 that it is about."""
    waits_for: str = ""
    """Function that computes while requests wait: what explains its CPU time is the reason, and comes before."""


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


def ready_threads(facts: Facts) -> list[Evidence]:
    """Return how many threads waited for a CPU while diagnosing; nothing where their states were not recorded."""
    states = facts.summary.diagnose.states if facts.summary.diagnose else None
    if states is None:
        return []
    text = f"on average {states.runnable:.2f} threads ready and waiting for a CPU, {states.on_cpu:.2f} on one"
    return [Evidence(text=text, source="tables/thread_states.parquet")]


def listed(shares: Sequence[tuple[str, float]], most: int = 3) -> str:
    """Return functions with shares as text: `main.plain (31 %), main.highlight (12 %)`."""
    return ", ".join(f"{short(name)} ({format_share(share, 0)})" for name, share in shares[:most])
