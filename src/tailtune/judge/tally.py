"""What a count of A/A verdicts amounts to."""

from collections.abc import Iterable, Mapping

from tailtune.judge.error_rates import at_most
from tailtune.judge.metrics import MARGINS
from tailtune.model.tally import MetricTally, Tally
from tailtune.model.verdict import PRIMARY, Metric, Verdict

FALSE = frozenset({Verdict.IMPROVED, Verdict.REGRESSED})


def tally(comparisons: Iterable[Mapping[Metric, Verdict]]) -> Tally | None:
    """Return the sums over A/A comparisons, each given by its verdicts; None without any verdict."""
    rows = list(comparisons)
    metrics = []
    for metric in MARGINS:
        given = [row[metric] for row in rows if metric in row and not row[metric].is_refusal]
        if given:
            metrics.append(
                MetricTally(metric=metric, verdicts=len(given), false=sum(verdict in FALSE for verdict in given))
            )
    first = [one for one in metrics if one.metric in PRIMARY]
    verdicts, false = sum(one.verdicts for one in first), sum(one.false for one in first)
    if not verdicts:
        return None
    return Tally(
        comparisons=len(rows), metrics=metrics, verdicts=verdicts, false=false, at_most=at_most(false, verdicts)
    )
