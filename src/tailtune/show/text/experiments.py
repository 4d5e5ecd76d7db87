"""`tailtune experiments` as text: a few lines an experiment."""

from tailtune.model.results import ExperimentEntry, ExperimentList
from tailtune.show.text.table import page, paragraph
from tailtune.show.values import plural


def experiment_list(result: ExperimentList) -> str:
    """Show each experiment: what was compared, why, what was expected, what came of it."""
    if not result.experiments:
        return page([f"no experiments in {result.directory}"], ["  tailtune compare base CANDIDATE --because '...'"])
    lines = [line for one in result.experiments for line in _entry(one)]
    return page(lines, [f"{plural(len(result.experiments), 'comparison')} in {result.directory}"])


def _entry(one: ExperimentEntry) -> list[str]:
    when = one.created_utc[:16].replace("T", " ")
    head = f"{one.bundle_id}  {when}  {one.candidate} against {one.baseline}, {plural(one.epochs, 'epoch')}"
    because = paragraph(f"because {one.because}", indent=4) if one.because else []
    expected = [
        line for each in one.expectations for line in paragraph(f"{each.expectation}: {each.fulfilled}", indent=4)
    ]
    return [head, *because, *expected, *paragraph(one.headline, indent=4)]
