"""What `tailtune selftest verdicts` found out: how often the tool's own verdicts are wrong, and how soon they come."""

import msgspec

from tailtune.model.environment import Environment
from tailtune.model.estimate import Estimate
from tailtune.model.recording import CpuLayout
from tailtune.model.selftest import Truth
from tailtune.model.verdict import Metric


class Parts(msgspec.Struct, frozen=True, kw_only=True):
    """What is asked of the self-test; 0: that part is not."""

    synthetic: int = 0
    """Experiments without a change of each kind of noise."""
    replay: int = 0
    """Experiments for each metric out of recorded A/As."""
    live_aa: int = 0
    """Comparisons of the built-in service with itself."""
    live_injected: int = 0
    """Comparisons with each slowdown."""
    slowdowns: tuple[str, ...] = ()
    """Names of those; empty: all."""
    keep: bool = False
    """Whether recordings of live comparisons go to the project's own."""
    hogs: int = 0
    """Processes that keep CPUs busy during the live comparisons."""
    seed: int = 1


class ErrorRate(msgspec.Struct, frozen=True, kw_only=True):
    """False verdicts among verdicts of which the truth is known."""

    verdicts: int
    """Refusals (unsteady, too noisy, invalid) are none."""
    false: int
    allowed: int
    """As many a tool with the promised error gives in 99 of 100 such series, at most."""
    share: Estimate | None = None
    """Exact interval (Clopper and Pearson 1934) of the share that is false; absent without verdicts."""

    @property
    def passes(self) -> bool:
        """Whether chance explains the false ones."""
        return self.false <= self.allowed


class Regime(msgspec.Struct, frozen=True, kw_only=True):
    """Synthetic experiments of one kind of noise, judged by the rules that judge real ones."""

    shape: str
    """`normal`, `heavy-tails`, `drift` or `ar`."""
    epoch_sd: float
    """Standard deviation of an epoch's log ratio by restarts and slices, without what the shape adds."""
    regressed: ErrorRate
    """Under no change."""
    improved: ErrorRate
    """Under no change."""
    equivalent: ErrorRate
    """`equivalent` although the change is as large as the margin."""
    sought: int
    """Experiments with a change of 5 %."""
    found: int
    """Of those: `regressed`."""
    missed: int
    """Of those: `improved` or `equivalent`, false."""
    median_epochs_unchanged: float | None
    """To the decision under no change; absent where most stay undecided."""
    median_epochs_changed: float | None
    """The same where there is a change of 5 %."""


class Synthetic(msgspec.Struct, frozen=True, kw_only=True):
    """Experiments out of a model of a service."""

    experiments: int
    epochs: int
    """Most of an experiment."""
    margin: float
    seed: int
    regimes: list[Regime]
    seconds: float


class ReplayedMetric(msgspec.Struct, frozen=True, kw_only=True):
    """Experiments drawn from recorded epochs of an A/A, by metric."""

    metric: Metric
    recordings: int
    epochs: int
    """Recorded, that all experiments are drawn from."""
    experiment_epochs: int
    """Most of one experiment."""
    false: ErrorRate
    equivalent: int
    epoch_sd: float
    """Standard deviation of the recorded log ratios."""


class Replayed(msgspec.Struct, frozen=True, kw_only=True):
    """Recorded A/A experiments, relabelled and drawn from again and again."""

    recordings: list[str]
    metrics: list[ReplayedMetric]
    note: str
    """What they do not say."""


class LiveMetric(msgspec.Struct, frozen=True, kw_only=True):
    """Comparisons of a service with itself, by metric."""

    metric: Metric
    false: ErrorRate
    equivalent: int
    inconclusive: int
    refused: int
    """Unsteady, too noisy or invalid: no verdict."""


class LiveAA(msgspec.Struct, frozen=True, kw_only=True):
    """Comparisons of the built-in service with itself on this machine."""

    asked: int
    made: int
    hogs: int
    """Processes that computed on the service's CPU meanwhile."""
    epochs: int
    metrics: list[LiveMetric]


class InjectedMetric(msgspec.Struct, frozen=True, kw_only=True):
    """What comparisons said of one metric of an injected slowdown."""

    metric: Metric
    verdicts: dict[str, int]
    """Verdict → how many comparisons said so."""
    change: Estimate | None = None
    """Candidate over baseline, of the last comparison."""


class Injected(msgspec.Struct, frozen=True, kw_only=True):
    """One slowdown, built into the service and compared with the service without it."""

    name: str
    """Stable identifier, for example `cpu-5`."""
    title: str
    made: int
    about: Metric
    """What the slowdown is known to change."""
    false: ErrorRate
    """Verdicts on that metric against what is known: `improved`; `equivalent` beyond the margin."""
    metrics: list[InjectedMetric]
    seconds_to_verdict: list[float]
    """From the first start to the look that decided on that metric, of each comparison that it decided."""
    median_seconds: float | None = None
    """Of those."""
    epochs_to_verdict: list[int]
    """Epochs up to that look."""
    seconds_needed: list[float]
    """Of each comparison that was left undecided on that metric: about what a decision would have taken."""


class LiveInjected(msgspec.Struct, frozen=True, kw_only=True):
    """Slowdowns of the built-in service."""

    asked: int
    """Comparisons of each."""
    hogs: int
    slowdowns: list[Injected]


class VerdictSelftest(msgspec.Struct, frozen=True, kw_only=True):
    """`tailtune selftest verdicts`: the tool's own error rate; a part that was not asked for is absent."""

    environment: Environment
    layout: CpuLayout
    outcome: Truth
    """`holds`: no more false verdicts than promised; `disturbed`: there was no verdict to count;
    `fails`: more than chance explains."""
    failed: list[str] = []
    """What failed, in words."""
    synthetic: Synthetic | None = None
    replayed: Replayed | None = None
    live_aa: LiveAA | None = None
    injected: LiveInjected | None = None
    interrupted: bool = False
    """It was ended early; what there is counts."""
    seconds: float
    warnings: list[str]
