"""`tailtune load` as text."""

from tailtune.model.results import LoadResult
from tailtune.show.headline import run_headline
from tailtune.show.text.engine import engine
from tailtune.show.text.notes import warnings
from tailtune.show.text.table import page
from tailtune.show.text.window import latency


def load_result(result: LoadResult) -> str:
    """Show latency and how well the schedule was kept."""
    kept = [f"recording: {result.path}"] if result.path else []
    return page(
        [run_headline(result.summary), result.url],
        latency(result.summary.measure.latency),
        engine(result.report),
        warnings(result.summary.warnings, result.report.warnings),
        kept,
    )
