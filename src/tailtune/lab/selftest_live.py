"""Comparisons of the built-in service with itself, and with slowdowns of known size, on this machine."""

import shutil
import statistics
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Final

import msgspec

from tailtune.bundle.reader import Bundle
from tailtune.bundle.workspace import Workspace
from tailtune.errors import RunInterruptedError, TailtuneError
from tailtune.judge.comparison import compare
from tailtune.judge.epochs import Experiment, read_experiment
from tailtune.judge.error_rates import error_rate
from tailtune.judge.replay import PROMISED
from tailtune.judge.tally import FALSE
from tailtune.lab import tally
from tailtune.lab.compare import carry_out
from tailtune.lab.selftest_service import Slowdown, asked, plan
from tailtune.model.recording import CpuLayout, Phase
from tailtune.model.selftest_verdicts import ErrorRate, Injected, InjectedMetric, LiveAA, LiveInjected, LiveMetric
from tailtune.model.units import NS_PER_S
from tailtune.model.verdict import PRIMARY, Comparison, Metric, MetricVerdict, Verdict
from tailtune.record.ports import Progress
from tailtune.record.processes.hog import hogs

AA_EPOCHS: Final = 8
INJECTED_EPOCHS: Final = 60
INJECTED_BUDGET_S: Final = 420.0
_AA_BUDGET_S: Final = 360.0
_LONGEST_S: Final = 1_800.0
"""Of one comparison with all its restarts; hogs end by then."""
_MOST_FAILURES: Final = 3
"""Comparisons that may fail one after the other before a series is given up."""


class Compared(msgspec.Struct, frozen=True, kw_only=True):
    """One comparison, judged."""

    comparison: Comparison
    experiment: Experiment
    epoch_ends_s: list[float]
    """End of each epoch, from the first start on."""


class Stand:
    """Where live comparisons are made: a temporary project that no file of the user is in."""

    def __init__(self, root: Path, layout: CpuLayout, rounds: int, busy: int, progress: Progress) -> None:
        """Compare under `root` the built-in service with so many `rounds` of work, beside `busy` hogs."""
        self.root = root
        self.rounds = rounds
        self.hogs = busy
        self.progress = progress
        self.keep: Workspace | None = None
        """Where recordings go; None: nowhere."""
        self.warnings: list[str] = []
        self._cpus = list(dict.fromkeys([*layout.service, *layout.engine]))
        self._failures = 0

    def compare(
        self, slowdown: Slowdown | None, *, seed: int, epochs: int, budget_s: float, title: str
    ) -> Compared | None:
        """Carry out one comparison and judge it; None if it failed, with a warning.

        Raises:
            RunInterruptedError: on Ctrl-C.
            TailtuneError: the last of several failures one after the other.
        """
        wanted = asked(slowdown, epochs=epochs, budget_s=budget_s, seed=seed)
        planned = plan(self.root, self.rounds, slowdown, wanted)
        self.progress.phase("compare", title)
        try:
            with self._busy():
                recording = carry_out(self.root, planned, wanted, _Inner(self.progress, self._warn))
            bundle = Bundle.open(Workspace(self.root).run(recording))
            found = Compared(
                comparison=compare(bundle), experiment=read_experiment(bundle), epoch_ends_s=_epoch_ends(bundle)
            )
        except RunInterruptedError:
            raise
        except TailtuneError as error:
            self._failures += 1
            if self._failures >= _MOST_FAILURES:
                raise
            self._warn(f"{title} failed: {error.message}")
            return None
        self._failures = 0
        tally.count(bundle, found.comparison, self.progress)
        self._put_away(bundle)
        return found

    def _put_away(self, bundle: Bundle) -> None:
        if self.keep is None:
            shutil.rmtree(bundle.path, ignore_errors=True)
            return
        self.keep.ensure()
        shutil.move(bundle.path, self.keep.run(bundle.id))

    @contextmanager
    def _busy(self) -> Iterator[None]:
        """Keep CPUs busy, the service's first."""
        with ExitStack() as stack:
            for number in range(self.hogs):
                stack.enter_context(hogs(self._cpus[number % len(self._cpus)], 1, seconds=_LONGEST_S))
            yield

    def _warn(self, text: str) -> None:
        if text not in self.warnings:
            self.warnings.append(text)


def live_aa(stand: Stand, count: int, seed: int, keep: Callable[[LiveAA, list[Experiment]], None]) -> None:
    """Compare the service with itself so often.

    Args:
        stand: where.
        count: comparisons.
        seed: the first one's; each has another.
        keep: given what there is after each.

    Raises:
        As `Stand.compare`.
    """
    made: list[Compared] = []
    for number in range(count):
        title = f"A/A {number + 1} of {count}"
        one = stand.compare(None, seed=seed + number, epochs=AA_EPOCHS, budget_s=_AA_BUDGET_S, title=title)
        if one is None:
            continue
        made.append(one)
        sofar = aa_of([each.comparison for each in made], count, stand.hogs)
        stand.progress.note(f"{title}: {_said(one.comparison)}; {_sum(sofar)}")
        keep(sofar, [each.experiment for each in made])


def aa_of(comparisons: list[Comparison], asked: int, busy: int) -> LiveAA:
    """Return what A/A comparisons say of the error rate."""
    return LiveAA(
        asked=asked,
        made=len(comparisons),
        hogs=busy,
        epochs=AA_EPOCHS,
        metrics=[_live_metric(metric, comparisons) for metric in PRIMARY],
    )


def injected(
    stand: Stand, slowdowns: list[Slowdown], count: int, seed: int, keep: Callable[[LiveInjected], None]
) -> None:
    """Compare the service with each of its slowed-down selves so often; `keep` is given what there is after each.

    Raises:
        As `Stand.compare`.
    """
    made: dict[str, list[Compared]] = {one.name: [] for one in slowdowns}
    for number in range(count):
        for slowdown in slowdowns:
            title = f"{slowdown.name} {number + 1} of {count}"
            one = stand.compare(
                slowdown, seed=seed + number, epochs=INJECTED_EPOCHS, budget_s=INJECTED_BUDGET_S, title=title
            )
            if one is None:
                continue
            made[slowdown.name].append(one)
            stand.progress.note(f"{title}: {_said(one.comparison, slowdown.deciding)}")
            found = [injected_of(each, made[each.name]) for each in slowdowns if made[each.name]]
            keep(LiveInjected(asked=count, hogs=stand.hogs, slowdowns=found))


def injected_of(slowdown: Slowdown, made: list[Compared]) -> Injected:
    """Return what comparisons say of one slowdown."""
    shown = list(dict.fromkeys([*PRIMARY, *slowdown.deciding]))
    about = slowdown.about
    times = [
        (time, epochs)
        for one in made
        if (time := _decided_after(one, about))
        for epochs in [_decided_epochs(one, about)]
    ]
    seconds = [time for time, _ in times]
    return Injected(
        name=slowdown.name,
        title=slowdown.title,
        made=len(made),
        about=about,
        false=_contradictions(slowdown, made),
        metrics=[_injected_metric(metric, made) for metric in shown],
        seconds_to_verdict=seconds,
        median_seconds=statistics.median(seconds) if seconds else None,
        epochs_to_verdict=[epochs for _, epochs in times],
        seconds_needed=[needed for one in made if (needed := _needed(one, about))],
    )


def _live_metric(metric: Metric, comparisons: list[Comparison]) -> LiveMetric:
    given = [answer.verdict for one in comparisons if (answer := _answer(one, metric)) is not None]
    judged = [verdict for verdict in given if not verdict.is_refusal]
    return LiveMetric(
        metric=metric,
        false=error_rate(sum(verdict in FALSE for verdict in judged), len(judged), PROMISED),
        equivalent=given.count(Verdict.EQUIVALENT),
        inconclusive=given.count(Verdict.INCONCLUSIVE),
        refused=len(given) - len(judged),
    )


def _injected_metric(metric: Metric, made: list[Compared]) -> InjectedMetric:
    answers = [answer for one in made if (answer := _answer(one.comparison, metric)) is not None]
    return InjectedMetric(
        metric=metric,
        verdicts=dict(Counter(str(answer.verdict) for answer in answers)),
        change=answers[-1].ratio if answers else None,
    )


def _contradictions(slowdown: Slowdown, made: list[Compared]) -> ErrorRate:
    wrong = {Verdict.IMPROVED, Verdict.EQUIVALENT} if slowdown.beyond_margin else {Verdict.IMPROVED}
    answers = [_answer(one.comparison, slowdown.about) for one in made]
    given = [answer.verdict for answer in answers if answer is not None and not answer.verdict.is_refusal]
    return error_rate(sum(verdict in wrong for verdict in given), len(given), PROMISED)


def _answer(comparison: Comparison, metric: Metric) -> MetricVerdict | None:
    return next((one for one in comparison.metrics if one.metric is metric), None)


def _decided_epochs(one: Compared, metric: Metric) -> int:
    """Epochs that were made up to the look that decided on a metric, those left out among them; 0: undecided."""
    answer = _answer(one.comparison, metric)
    if answer is None or answer.decided_at is None:
        return 0
    epochs = one.experiment.epochs_of(metric)
    usable = [epoch.epoch for epoch in epochs if metric in epoch.baseline and metric in epoch.candidate]
    return usable[answer.decided_at - 1] + 1


def _decided_after(one: Compared, metric: Metric) -> float | None:
    epochs = _decided_epochs(one, metric)
    return one.epoch_ends_s[epochs - 1] if 0 < epochs <= len(one.epoch_ends_s) else None


def _needed(one: Compared, metric: Metric) -> float | None:
    """Seconds that a decision on a metric would take; None when it is decided, or there is no telling."""
    answer = _answer(one.comparison, metric)
    if answer is None or answer.epochs_needed is None or one.comparison.epoch_seconds is None:
        return None
    return answer.epochs_needed * one.comparison.epoch_seconds


def _epoch_ends(bundle: Bundle) -> list[float]:
    phases = bundle.manifest.phases
    first = min((one.started_ns for one in phases if one.phase is Phase.START), default=0)
    return [(one.ended_ns - first) / NS_PER_S for one in phases if one.phase is Phase.MEASURE]


def _said(comparison: Comparison, metrics: tuple[Metric, ...] = PRIMARY) -> str:
    answers = [answer for metric in metrics if (answer := _answer(comparison, metric)) is not None]
    return ", ".join(f"{one.metric} {one.verdict}" for one in answers)


def _sum(sofar: LiveAA) -> str:
    false = sum(one.false.false for one in sofar.metrics)
    verdicts = sum(one.false.verdicts for one in sofar.metrics)
    refused = sum(one.refused for one in sofar.metrics)
    return f"{false} of {verdicts} verdicts false so far" + (f", {refused} refused" if refused else "")


class _Inner:
    """Progress of an experiment within a series: how far it is; warnings are kept, not said each time."""

    def __init__(self, outer: Progress, warn: Callable[[str], None]) -> None:
        self._outer = outer
        self._warn = warn

    def phase(self, name: str, note: str = "") -> None:
        """Nothing: the series has a line for each comparison."""

    def advance(self, done: float, total: float, note: str = "") -> None:
        """The comparison, or a warm-up within it, went on."""
        if not note:
            self._outer.advance(done, total)

    def note(self, text: str) -> None:
        """Nothing: each look of each experiment would be many lines."""

    def warn(self, text: str) -> None:
        """Keep it for the result."""
        self._warn(text)
