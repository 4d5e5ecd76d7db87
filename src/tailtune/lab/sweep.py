"""`tailtune sweep`: levels of one factor or several, each paired with the baseline in the same epochs."""

import sys
from collections.abc import Callable, Sequence
from itertools import product
from pathlib import Path

from tailtune import config as configuration
from tailtune.bundle.reader import Bundle
from tailtune.bundle.workspace import Workspace
from tailtune.errors import UsageError
from tailtune.lab.compare import carry_out, plan_experiment
from tailtune.lab.levels import levels_of
from tailtune.lab.resume import go_on
from tailtune.lab.variants import find
from tailtune.model.asked import Asked
from tailtune.model.project import Variant
from tailtune.model.results import SweepResult
from tailtune.model.units import Duration
from tailtune.record.experiment import MOST_CANDIDATES
from tailtune.record.ports import Progress


def sweep(
    root: Path, config: Path, baseline: str, factors: Sequence[str], grid: bool, asked: Asked, progress: Progress
) -> SweepResult:
    """Measure levels against the baseline.

    Args:
        root: folder of the project; recordings go under its `.tailtune`.
        config: its configuration file.
        baseline: word that names the variant to start from.
        factors: `NAME=LEVEL,LEVEL,...`: a knob or a setting of a variant, and its levels.
        grid: whether every combination of levels is tried, rather than each level by itself.
        asked: everything else.
        progress: told of phases.

    Raises:
        UsageError: if a factor or a level is impossible, or there are too many.
        TailtuneError: whatever kept the experiment from its end; finished epochs are kept.
    """
    project = configuration.load(config)
    levels = candidates(factors, grid)

    def named(word: str) -> tuple[str, Variant]:
        return find(project, word, root)

    variants = variants_of(baseline, levels, named)
    plan = plan_experiment(root, project, variants, asked, sys.argv)
    return levels_of(Bundle.open(Workspace(root).run(carry_out(root, plan, asked, progress, give_up=True))))


def resume(root: Path, name: str, epochs: int | None, budget: Duration, progress: Progress) -> SweepResult:
    """Continue a sweep; see `lab.resume`."""
    return levels_of(Bundle.open(go_on(root, name, epochs, budget, progress, give_up=True)))


def candidates(factors: Sequence[str], grid: bool) -> list[str]:
    """Return the settings of each candidate, as a word behind a `+` has them: `gogc=50`, `gogc=50+gomaxprocs=1`.

    Raises:
        UsageError: if a factor has no levels, or there are more candidates than an experiment takes.
    """
    levels = [_levels(factor) for factor in factors]
    if not levels:
        raise UsageError("name at least one factor", hint="`tailtune sweep gogc=50,100,200`")
    found = ["+".join(one) for one in product(*levels)] if grid else [one for factor in levels for one in factor]
    repeated = {one for one in found if found.count(one) > 1}
    if repeated:
        raise UsageError(f"{min(repeated)} is named twice")
    if len(found) > MOST_CANDIDATES:
        raise UsageError(
            f"{len(found)} candidates: all run at the same time, at most {MOST_CANDIDATES}",
            hint="leave levels out, or sweep one factor after the other",
        )
    return found


def variants_of(
    baseline: str, levels: Sequence[str], named: Callable[[str], tuple[str, Variant]]
) -> dict[str, Variant]:
    """Return the baseline and each candidate by name."""
    name, first = named(baseline)
    return {name: first} | {level: named(f"{baseline}+{level}")[1] for level in levels}


def _levels(factor: str) -> list[str]:
    """`gogc=50,100` → `gogc=50`, `gogc=100`; levels with commas in them stand between semicolons."""
    name, equals, text = factor.partition("=")
    separator = ";" if ";" in text else ","
    levels = [one.strip() for one in text.split(separator) if one.strip()]
    if not equals or not name or not levels:
        raise UsageError(
            f"{factor!r} is no factor: write NAME=LEVEL,LEVEL,...",
            hint="for example gogc=50,100,200; levels with commas stand between semicolons: affinity=0;0,1",
        )
    return [f"{name}={level}" for level in levels]
