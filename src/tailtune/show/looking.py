"""What an experiment says while it runs, in one line an epoch."""

from collections.abc import Collection, Sequence

from tailtune.model.recording import Forecast
from tailtune.model.units import format_share
from tailtune.model.verdict import Comparison, Metric, MetricVerdict, Verdict
from tailtune.show.values import change, metric_name


def look_line(comparison: Comparison, deciding: Collection[Metric], *, several: bool = False) -> str:
    """Write what each deciding metric says so far, and how long a decision would take."""
    told = [_one(comparison, one) for one in comparison.metrics if one.metric in deciding]
    name = f" {comparison.candidate}:" if several else ":"
    return f"epoch {comparison.epochs}{name} {'; '.join(told)}"


def forecast_lines(forecasts: Sequence[Forecast], budget_s: float) -> list[str]:
    """Write what is to be expected, one line a metric."""
    return [_expected(one, budget_s) for one in forecasts]


def minutes(seconds: float) -> str:
    """Write a length of time as people say it: `40 s`, `3 min`, `2.5 h`."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"


def _one(comparison: Comparison, answer: MetricVerdict) -> str:
    name = metric_name(answer.metric)
    if answer.ratio is None:
        return f"{name} {answer.reason}"
    if answer.verdict is not Verdict.INCONCLUSIVE:
        return f"{name} {change(answer)} {answer.verdict}"
    if answer.ratio.low is None:
        return f"{name} {change(answer)}"
    if answer.epochs_needed is None:
        return f"{name} {change(answer)} open"
    more = (answer.epochs_needed - comparison.epochs) * (comparison.epoch_seconds or 0.0)
    return f"{name} {change(answer)} open, about {minutes(more)} more"


def _expected(one: Forecast, budget_s: float) -> str:
    name, size = metric_name(Metric(one.metric)), format_share(one.change, 0)
    if one.seconds is None or one.epochs is None:
        return f"{name}: a change of {size} cannot be decided here (epochs differ by {format_share(one.deviation)})"
    beyond = ", more than the budget" if budget_s and one.seconds > budget_s else ""
    return f"{name}: a change of {size} takes about {one.epochs} epochs, {minutes(one.seconds)}{beyond}"
