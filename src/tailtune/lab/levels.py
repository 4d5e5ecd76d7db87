"""An experiment with several candidates, judged as one family."""

from tailtune.bundle.reader import Bundle
from tailtune.judge.comparison import compare as judge
from tailtune.judge.family import levels_together
from tailtune.model.results import SweepResult


def levels_of(bundle: Bundle) -> SweepResult:
    """Judge all candidates of an experiment together.

    Raises:
        UsageError: if the recording is not an experiment.
        NothingMeasuredError: if no slice was recorded.
    """
    baseline, *levels = bundle.manifest.variants
    return SweepResult(
        bundle_id=bundle.id,
        path=str(bundle.path),
        baseline=baseline,
        deciding=bundle.manifest.design.deciding if bundle.manifest.design else [],
        levels=levels_together([judge(bundle, level) for level in levels]),
    )
