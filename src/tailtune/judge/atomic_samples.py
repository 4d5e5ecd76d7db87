"""On-CPU samples in time, and which of them were taken at atomic instructions while other CPUs were at work."""

import math
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from tailtune.bundle import Bundle
from tailtune.judge.stackprofile import StackProfile, Stacks
from tailtune.judge.tail import column, of_window
from tailtune.model.estimate import Estimate

Integers = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]

_NEAR: Final = 0.6
"""Samples of two CPUs so many periods apart are of the same time: the nearest to any time is half a period away."""
_CONFIDENCE: Final = 0.95
_NORMAL: Final = 1.959963984540054
"""Quantile of the normal distribution for it, two-sided."""


@dataclass(frozen=True, eq=False)
class AtomicSamples:
    """One window's samples, in any order; the arrays have one length."""

    t_ns: Integers
    cpu: Integers
    stack: Integers
    """Index into the stacks of the profile."""
    atomic: Stacks
    """Those whose leaf is at an atomic read-modify-write instruction, or directly behind one."""
    period_ns: float
    """CPU time between two samples."""

    def among(self, stacks: Stacks) -> Flags:
        """Return which samples have one of these stacks."""
        return np.isin(self.stack, np.fromiter(stacks, np.int64, len(stacks)))

    def beside(self, others: Flags) -> Flags:
        """Return which samples were taken while another CPU took one of some others."""
        near: Flags = np.zeros(len(self.t_ns), dtype=np.bool_)
        for cpu in np.unique(self.cpu):
            here, elsewhere = self.cpu == cpu, np.sort(self.t_ns[others & (self.cpu != cpu)])
            within = _NEAR * self.period_ns
            begin = np.searchsorted(elsewhere, self.t_ns[here] - within, side="left")
            near[here] = np.searchsorted(elsewhere, self.t_ns[here] + within, side="right") > begin
        return near


@dataclass(frozen=True)
class SlowDown:
    """How much longer atomic instructions take while another CPU is at work, against other code at the same time.

    Whatever slows all code of a core alike, such as a neighbor on it, is taken out; samples that end up on the wrong
    side draw the ratio towards 1.
    """

    together: tuple[int, int]
    """Samples at the instructions, and at other code of the service, while another CPU was at work for it."""
    alone: tuple[int, int]
    """The same while none was."""

    @property
    def samples(self) -> int:
        """Of the two sides, on the one that has fewer: what the ratio can at best rest on."""
        return min(sum(self.together), sum(self.alone))

    @property
    def ratio(self) -> Estimate:
        """The odds ratio with Woolf's interval, half a sample added to each count (Haldane and Anscombe)."""
        a, b, c, d = (count + 0.5 for count in (*self.together, *self.alone))
        half = _NORMAL * math.sqrt(1 / a + 1 / b + 1 / c + 1 / d)
        point = a * d / (b * c)
        return Estimate(
            point=point,
            low=point * math.exp(-half),
            high=point * math.exp(half),
            confidence=_CONFIDENCE,
            n=sum((*self.together, *self.alone)),
        )


def slow_down(samples: AtomicSamples, chosen: Stacks, code: Stacks) -> SlowDown:
    """Compare samples at some atomic instructions with those at other code, by what other CPUs do.

    Args:
        samples: of the window.
        chosen: stacks at the instructions in question.
        code: stacks that end outside of the kernel, which is left out: it has more to do for requests that come singly.
    """
    is_chosen = samples.among(chosen)
    is_other = samples.among(code - samples.atomic)
    is_together = samples.beside(np.ones(len(samples.t_ns), dtype=np.bool_))

    def counts(when: Flags) -> tuple[int, int]:
        return int(np.count_nonzero(is_chosen & when)), int(np.count_nonzero(is_other & when))

    return SlowDown(counts(is_together), counts(~is_together))


def atomic_samples(bundle: Bundle, window: str, profile: StackProfile) -> AtomicSamples | None:
    """Return a window's samples; None where no stack is at an atomic instruction.

    Args:
        bundle: the recording.
        window: the window.
        profile: of the same samples: its stacks are those of the tables, counted from the window's first.

    Raises:
        RecordingError: if a file of the recording is damaged.
    """
    marked = column(bundle.table("atomic_stacks"), "stack")
    rows = of_window(bundle.table("samples"), window)
    if not len(marked) or not rows.num_rows:
        return None
    stack = column(rows, "stack")
    first = int(stack.min())
    counts = np.bincount(stack - first, minlength=len(profile.stacks))
    inside = marked[(marked >= first) & (marked < first + len(profile.stacks))] - first
    if not len(inside) or not np.array_equal(counts, profile.counts):
        return None
    return AtomicSamples(
        t_ns=column(rows, "t_ns"),
        cpu=column(rows, "cpu"),
        stack=stack - first,
        atomic=frozenset(inside.tolist()),
        period_ns=profile.value(profile.everything) / profile.samples,
    )
