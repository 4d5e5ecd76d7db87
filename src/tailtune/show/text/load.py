"""`tailtune load` as text."""

from tailtune.model.results import LoadResult
from tailtune.show.headline import run_headline
from tailtune.show.text.charts import charts as drawn
from tailtune.show.text.engine import engine
from tailtune.show.text.notes import warnings
from tailtune.show.text.table import page
from tailtune.show.text.window import conditions, latency, operations


def load_result(result: LoadResult, *, charts: bool = False) -> str:
    """Show latency and how well the schedule was kept; with `charts` the curve and the heat map as well."""
    kept = [f"recording: {result.path}"] if result.path else []
    written = [f"written: {path}" for path in result.written]
    window = result.summary.measure
    return page(
        [run_headline(result.summary), result.url],
        latency(window.latency, closed=result.report.loop == "closed"),
        operations(window.latency, window.operations),
        conditions(result.summary.conditions),
        *(drawn(window) if charts else []),
        engine(result.report),
        warnings(result.summary.warnings, result.report.warnings),
        [*kept, *written],
    )
