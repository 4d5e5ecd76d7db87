"""The parts of a report that are particular to an experiment."""

from tailtune.model.recording import Manifest
from tailtune.model.results import RecordingFacts
from tailtune.model.units import Duration, format_change
from tailtune.model.verdict import Comparison, MetricVerdict
from tailtune.show.headline import comparison_headline, sweep_headline
from tailtune.show.markdown.answers import answers, gates
from tailtune.show.markdown.blocks import bullets, code, escaped, table
from tailtune.show.phrases import cost_moved, differences, knobs, layout, losses, reasons, tally_line, units
from tailtune.show.values import (
    NOT_AVAILABLE,
    change,
    margin,
    metric_name,
    metric_value,
    plural,
    verdict_cell,
    with_interval,
)


def title(manifest: Manifest) -> str:
    """Return the heading."""
    command = "sweep" if manifest.is_sweep else "compare"
    return f"tailtune {command} {' '.join(manifest.variants)}: experiment {manifest.id}"


def headline(facts: RecordingFacts) -> str:
    """Return the answer in one line."""
    if facts.sweep is not None:
        return sweep_headline(facts.sweep)
    return comparison_headline(facts.comparison) if facts.comparison else "nothing was compared"


def question(manifest: Manifest) -> str:
    """Return what was asked."""
    baseline, *candidates = (code(name) for name in manifest.variants)
    subject = f"{'Are' if len(candidates) > 1 else 'Is'} {' and '.join(candidates) or baseline}"
    asked = f"{subject} better than {baseline}, beyond noise and beyond the margin?"
    design = manifest.design
    because = f" Hypothesis: {escaped(design.because)}." if design and design.because else ""
    expected = (
        f" Expected: {', '.join(code(one) for one in design.expectations)}." if design and design.expectations else ""
    )
    return f"{asked}{because}{expected}"


def method(manifest: Manifest) -> list[str]:
    """Return how it was measured, one item a point."""
    load = manifest.workload
    sent = f"Workload {code(manifest.workload_name)}: {load.arrival} arrivals, {load.demand}." if load else ""
    return [
        sent,
        *(f"Variant {code(name)}: {escaped(differences(one))}." for name, one in manifest.variants.items()),
        "Unit of analysis: the epoch, one restart of both variants in random order; requests are never units.",
        "Within an epoch, adjacent slices of both variants in balanced random order replay the same schedule.",
        "Change: the log ratio of candidate to baseline of each epoch, trimmed mean with its interval,"
        " cross-checked by a sign-flip permutation test. Bounds pay for a look after every epoch.",
        _plan(manifest),
        "Latency runs from the intended start; errors and time-outs stay in the distribution.",
        f"CPUs: {escaped(layout(manifest))}." if layout(manifest) else "",
        f"Knobs: {escaped(knobs(manifest))}." if manifest.applied else "",
    ]


def _plan(manifest: Manifest) -> str:
    design = manifest.design
    if design is None:
        return ""
    budget = f", {Duration(design.budget_ns)}" if design.budget_ns else ""
    again = f"; continued {plural(design.continued, 'time')}" if design.continued else ""
    ended = f"; ended because {design.ended}" if design.ended else ""
    until = f", until decided: {', '.join(design.deciding)}" if design.deciding else ""
    return (
        f"At most {plural(design.epochs, 'epoch')}{budget}{until};"
        f" {2 * design.pairs} slices of {Duration(design.slice_ns)} an epoch{ended}{again}."
    )


def result(facts: RecordingFacts) -> list[str]:
    """Return the verdict of every metric."""
    if facts.sweep is not None:
        return [
            block
            for level in facts.sweep.levels
            for block in (f"### {code(level.candidate)}: {escaped(comparison_headline(level))}", *_compared(level))
        ]
    if facts.comparison is None:
        return [f"Nothing was compared: {escaped(facts.manifest.failure or 'the recording does not say why')}."]
    return _compared(facts.comparison)


def _compared(comparison: Comparison) -> list[str]:
    """The verdict of every metric of one candidate."""
    header = [
        "metric",
        escaped(comparison.baseline),
        escaped(comparison.candidate),
        "change",
        "margin",
        "permutation p",
        "verdict",
    ]
    costs = [one for one in comparison.metrics if one.metric.is_cost]
    asked = table(header, [_row(one) for one in comparison.metrics if not one.metric.is_cost], right=(1, 2))
    paid = table(header, [_row(one) for one in costs], right=(1, 2))
    moved = f"Did the cost move? {escaped(cost_moved(costs))}." if costs else ""
    expected = [f"{code(one.expectation)}: **{one.fulfilled}**, {escaped(one.why)}" for one in comparison.expectations]
    why = [f"{names}: {escaped(reason)}" for names, reason in reasons(comparison, comparison.metrics)]
    operations = [
        [code(one.operation), metric_name(one.metric), escaped(with_interval(one.ratio, format_change))]
        for one in comparison.operations
    ]
    by_operation = table(["operation (not judged)", "metric", "change"], operations)
    return [
        *answers(comparison.answers),
        *gates(comparison.gates),
        *([bullets(expected)] if expected else []),
        asked,
        *([moved, paid] if costs else []),
        bullets(why),
        by_operation,
        f"{escaped(units(comparison))}.",
    ]


def checks(facts: RecordingFacts) -> list[str]:
    """Return what speaks for and against the verdicts."""
    of_levels = [
        f"{code(level.candidate)}: {text}"
        for level in (facts.sweep.levels if facts.sweep else [])
        for text in _comparison_checks(level)
    ]
    return [
        *(_comparison_checks(facts.comparison) if facts.comparison else of_levels),
        f"{escaped(tally_line(facts.tally))}." if facts.tally else "",
        *(f"Not seen by {escaped(loss)}." for loss in losses(facts.manifest)),
        "The recording is partial: the command was interrupted or failed." if facts.manifest.partial else "",
    ]


def _comparison_checks(comparison: Comparison) -> list[str]:
    other = "different programs or settings"
    same = "the same artifact with the same settings: this is an A/A" if comparison.is_aa else other
    return [
        f"The variants are {same}.",
        f"Epochs excluded: {comparison.epochs_excluded}; pairs whose latency was left out (disturbed or invalid load):"
        f" {comparison.pairs_dropped} of {comparison.pairs_total}.",
    ]


def _row(answer: MetricVerdict) -> list[str]:
    p = answer.p_permutation
    return [
        metric_name(answer.metric),
        metric_value(answer.metric, answer.baseline),
        metric_value(answer.metric, answer.candidate),
        escaped(change(answer)),
        margin(answer),
        f"{p:.3f}" if p is not None else NOT_AVAILABLE,
        f"**{verdict_cell(answer)}**",
    ]
