"""`tailtune selftest verdicts`: how often the tool's own verdicts are wrong, by simulation, by replay and live."""

import time
from pathlib import Path
from typing import Final

import msgspec

from tailtune.bundle.catalogue import Catalogue
from tailtune.bundle.reader import Bundle
from tailtune.bundle.storage import write_durably
from tailtune.bundle.tally import tally_path
from tailtune.bundle.workspace import Workspace
from tailtune.errors import NothingMeasuredError, RecordingError, RunInterruptedError, TailtuneError, UsageError
from tailtune.judge import synthetic
from tailtune.judge.comparison import same_artifact
from tailtune.judge.epochs import Experiment, read_experiment
from tailtune.judge.replay import differences, replay
from tailtune.judge.sequential import HORIZON
from tailtune.lab import selftest_live as live
from tailtune.lab.selftest_service import SLOWDOWNS, Slowdown, calibrated
from tailtune.model.recording import Kind
from tailtune.model.selftest import Truth
from tailtune.model.selftest_verdicts import (
    ErrorRate,
    LiveAA,
    LiveInjected,
    Parts,
    Regime,
    Replayed,
    Synthetic,
    VerdictSelftest,
)
from tailtune.record.host.local import LocalHost
from tailtune.record.phases.bench import scratch
from tailtune.record.ports import Progress
from tailtune.show.values import plural

_SYNTHETIC_LIMIT_S: Final = 300.0
_EPOCH_S: Final = 15.0
"""About what an epoch of the built-in service takes with its restarts and warm-ups."""
_SAVED: Final = "selftest-verdicts.json"
_NAMES: Final = tuple(one.name for one in SLOWDOWNS)


def selftest_verdicts(parts: Parts, root: Path, progress: Progress) -> VerdictSelftest:
    """Carry out the parts that were asked for; Ctrl-C ends it, and what there is counts.

    Args:
        parts: what is asked.
        root: folder of a project, whose recorded A/As are replayed.
        progress: told of all.

    Raises:
        UsageError: for a slowdown that does not exist.
        TailtuneError: if live comparisons fail again and again.
    """
    unknown = [name for name in parts.slowdowns if name not in _NAMES]
    if unknown:
        raise UsageError(f"no slowdown is called {unknown[0]!r}", hint=", ".join(_NAMES))
    state = _State(parts, root, progress)
    try:
        state.run()
    except (KeyboardInterrupt, RunInterruptedError):
        state.interrupted = True
    except TailtuneError:
        state.save()
        raise
    return state.save()


class _State:
    """What was found so far."""

    def __init__(self, parts: Parts, root: Path, progress: Progress) -> None:
        host = LocalHost()
        self.parts = parts
        self.root = root
        self.progress = progress
        self.layout = host.layout()
        self.environment = host.environment(Path.cwd())
        self.begun = time.monotonic()
        self.interrupted = False
        self.warnings: list[str] = []
        self.synthetic: Synthetic | None = None
        self.replayed: Replayed | None = None
        self.live_aa: LiveAA | None = None
        self.injected: LiveInjected | None = None
        self.live_experiments: list[Experiment] = []

    def run(self) -> None:
        """Go through the parts."""
        for line in self._foretold():
            self.progress.note(line)
        if self.parts.synthetic:
            self._synthesize()
        if self.parts.live_aa or self.parts.live_injected:
            self._live()
        if self.parts.replay:
            self._replay()

    def save(self) -> VerdictSelftest:
        """Keep the result so far in a file of the user's, and return it."""
        result = self._result()
        path = tally_path().with_name(_SAVED)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            write_durably(path, msgspec.json.encode(result))
        except OSError as error:
            self._warn(f"{path}: the result so far cannot be kept: {error.strerror}")
        return self._result()

    def _foretold(self) -> list[str]:
        parts, lines = self.parts, []
        if parts.synthetic:
            each = synthetic.experiments_of(parts.synthetic)
            total = each * len(synthetic.SHAPES) * len(synthetic.EPOCH_SDS)
            lines.append(f"synthetic: {total:,} experiments, about a minute, at most {_SYNTHETIC_LIMIT_S / 60:g}")
        if parts.live_aa:
            minutes = parts.live_aa * live.AA_EPOCHS * _EPOCH_S / 60
            lines.append(
                f"live A/A: {plural(parts.live_aa, 'comparison')} of {live.AA_EPOCHS} epochs, about {minutes:.0f} min"
            )
        if parts.live_injected:
            count = parts.live_injected * len(self._slowdowns())
            least, most = 6 * _EPOCH_S / 60 * count, live.INJECTED_BUDGET_S / 60 * count
            lines.append(f"live slowdowns: {plural(count, 'comparison')} until decided, {least:.0f} to {most:.0f} min")
        if parts.replay:
            lines.append("replay: recorded A/As of this project, some seconds")
        if parts.live_aa or parts.live_injected:
            lines.append(f"the result so far is kept in {tally_path().with_name(_SAVED)}")
        return lines

    def _synthesize(self) -> None:
        begun, found = time.monotonic(), list[Regime]()
        cells = [(shape, sd) for shape in synthetic.SHAPES for sd in synthetic.EPOCH_SDS]
        self.progress.phase("synthetic", f"{len(cells)} kinds of noise")
        for shape, sd in cells:
            if time.monotonic() - begun > _SYNTHETIC_LIMIT_S:
                self._warn(f"the synthetic part was ended after {len(found)} of {len(cells)} kinds of noise")
                break
            found.append(synthetic.regime(shape, sd, self.parts.synthetic, self.parts.seed))
            self.synthetic = Synthetic(
                experiments=synthetic.experiments_of(self.parts.synthetic) * len(found),
                epochs=HORIZON,
                margin=synthetic.MARGIN,
                seed=self.parts.seed,
                regimes=list(found),
                seconds=time.monotonic() - begun,
            )
            self.progress.advance(len(found), len(cells), f"{shape}, sd {sd:g}")

    def _live(self) -> None:
        rounds = calibrated()
        with scratch() as folder:
            stand = live.Stand(folder, self.layout, rounds, self.parts.hogs, self.progress)
            stand.warnings = self.warnings
            stand.keep = Workspace(self.root) if self.parts.keep else None
            if self.parts.live_aa:
                live.live_aa(stand, self.parts.live_aa, self.parts.seed, self._keep_aa)
            if self.parts.live_injected:
                live.injected(stand, self._slowdowns(), self.parts.live_injected, self.parts.seed, self._keep_injected)

    def _slowdowns(self) -> list[Slowdown]:
        return [one for one in SLOWDOWNS if not self.parts.slowdowns or one.name in self.parts.slowdowns]

    def _keep_aa(self, found: LiveAA, experiments: list[Experiment]) -> None:
        self.live_aa, self.live_experiments = found, experiments
        self.save()

    def _keep_injected(self, found: LiveInjected) -> None:
        self.injected = found
        self.save()

    def _replay(self) -> None:
        self.progress.phase("replay", "recorded A/As")
        recorded = list(self._recorded())
        names = [name for name, _ in recorded]
        experiments = [one for _, one in recorded] + self.live_experiments
        if self.live_experiments:
            names.append(f"{len(self.live_experiments)} live A/As of this self-test")
        if not experiments:
            self._warn(f"nothing to replay: no A/A is recorded under {self.root}")
            return
        self.replayed = replay(differences(experiments), names, self.parts.replay, self.parts.seed)

    def _recorded(self) -> list[tuple[str, Experiment]]:
        """The A/A experiments of the project; damaged and empty ones are passed over."""
        workspace, found = Workspace(self.root), []
        for entry in Catalogue(workspace).list([Kind.EXPERIMENT]):
            try:
                bundle = Bundle.open(workspace.run(entry.id))
                baseline, candidate = list(bundle.manifest.variants)[:2]
                if same_artifact(bundle.manifest, baseline, candidate):
                    found.append((entry.id, read_experiment(bundle)))
            except (RecordingError, NothingMeasuredError, UsageError, ValueError):
                continue
        return found

    def _result(self) -> VerdictSelftest:
        rates = dict(self._rates())
        failed = [
            f"{name}: {rate.false} of {rate.verdicts} false, chance explains {rate.allowed}"
            for name, rate in rates.items()
            if not rate.passes
        ]
        empty = not any(rate.verdicts for rate in rates.values())
        empty |= self.live_aa is not None and not any(one.false.verdicts for one in self.live_aa.metrics)
        return VerdictSelftest(
            environment=self.environment,
            layout=self.layout,
            outcome=Truth.FAILS if failed else Truth.DISTURBED if empty else Truth.HOLDS,
            failed=failed,
            synthetic=self.synthetic,
            replayed=self.replayed,
            live_aa=self.live_aa,
            injected=self.injected,
            interrupted=self.interrupted,
            seconds=time.monotonic() - self.begun,
            warnings=list(self.warnings),
        )

    def _rates(self) -> list[tuple[str, ErrorRate]]:
        """All shares of false verdicts, by what they are of."""
        found = []
        for one in self.synthetic.regimes if self.synthetic else []:
            name = f"synthetic, {one.shape}, sd {one.epoch_sd:g}"
            kinds = ("regressed", "improved", "equivalent")
            found += [(f"{name}, {kind}", rate) for kind in kinds for rate in [getattr(one, kind)]]
        found += [(f"replay, {one.metric}", one.false) for one in (self.replayed.metrics if self.replayed else [])]
        found += [(f"live A/A, {one.metric}", one.false) for one in (self.live_aa.metrics if self.live_aa else [])]
        slowdowns = self.injected.slowdowns if self.injected else []
        return found + [(f"live slowdown {one.name}, {one.about}", one.false) for one in slowdowns]

    def _warn(self, text: str) -> None:
        if text not in self.warnings:
            self.warnings.append(text)
            self.progress.warn(text)
