"""`tailtune selftest verdicts` as text."""

from collections.abc import Sequence
from typing import Final

from tailtune.model.estimate import Estimate
from tailtune.model.selftest import Truth
from tailtune.model.selftest_verdicts import (
    ErrorRate,
    Injected,
    LiveAA,
    LiveInjected,
    Regime,
    Replayed,
    Synthetic,
    VerdictSelftest,
)
from tailtune.model.units import format_change, format_share
from tailtune.show.text.notes import warnings
from tailtune.show.text.table import page, paragraph, table
from tailtune.show.values import count, metric_name, plural, with_interval

_HEADLINES: Final = {
    Truth.HOLDS: "no more verdicts were false than promised",
    Truth.DISTURBED: "not shown: no verdict was given, or this machine was too disturbed for one",
    Truth.FAILS: "more verdicts were false than chance explains",
}
_REGIME_HEADER: Final = (
    "noise", "sd", "regressed", "improved", "equivalent", "found", "epochs, none", "epochs, +5 %",
)  # fmt: skip


def verdict_selftest(result: VerdictSelftest) -> str:
    """Show the outcome, then each part with its shares of false verdicts."""
    ended = "; interrupted, this is what there was" if result.interrupted else ""
    return page(
        [
            *paragraph(f"{result.outcome}: {_HEADLINES[result.outcome]}"),
            *(line for text in result.failed for line in paragraph(text, indent=2)),
            f"{result.seconds:,.0f} s{ended}",
        ],
        _synthetic(result.synthetic) if result.synthetic else [],
        _live(result.live_aa) if result.live_aa else [],
        _replayed(result.replayed) if result.replayed else [],
        _injected(result.injected) if result.injected else [],
        warnings(result.warnings),
    )


def _synthetic(part: Synthetic) -> list[str]:
    head = (
        f"synthetic: {count(part.experiments)} experiments of at most {part.epochs} epochs,"
        f" margin {format_share(part.margin, 0)}, seed {part.seed}, in {part.seconds:.0f} s"
    )
    legend = (
        "sd: of an epoch's log ratio; regressed, improved: false under no change; equivalent: false for a change as"
        " large as the margin; found: regressed at +5 %; epochs: median to the decision under no change and at +5 %"
    )
    rows = [_regime(one) for one in part.regimes]
    return [*paragraph(head), *table(rows, header=_REGIME_HEADER, right=range(1, 8)), *paragraph(legend)]


def _regime(one: Regime) -> tuple[str, ...]:
    return (
        one.shape,
        f"{one.epoch_sd:g}",
        _share(one.regressed),
        _share(one.improved),
        _share(one.equivalent),
        format_share(one.found / one.sought, 1),
        _epochs(one.median_epochs_unchanged),
        _epochs(one.median_epochs_changed),
    )


def _live(part: LiveAA) -> list[str]:
    beside = f", beside {plural(part.hogs, 'hog')}" if part.hogs else ""
    head = f"live A/A: {part.made} of {part.asked} comparisons of at most {part.epochs} epochs{beside}"
    rows = [
        (
            metric_name(one.metric),
            *_rate(one.false),
            count(one.equivalent),
            count(one.inconclusive),
            count(one.refused),
        )
        for one in part.metrics
    ]
    header = ("", "false", "at most by chance", "interval", "equivalent", "inconclusive", "refused")
    return [*paragraph(head), *table(rows, header=header, right=range(1, 7))]


def _replayed(part: Replayed) -> list[str]:
    rows = [
        (
            metric_name(one.metric),
            count(one.epochs),
            f"{one.epoch_sd:.3f}",
            count(one.experiment_epochs),
            *_rate(one.false),
            count(one.equivalent),
        )
        for one in part.metrics
    ]
    header = ("", "recorded", "sd", "epochs each", "false", "at most by chance", "interval", "equivalent")
    head = f"replay: experiments drawn from {plural(len(part.recordings), 'recorded A/A')}"
    body = table(rows, header=header, right=range(1, 8)) or ["  too few recorded epochs to draw from"]
    return [*paragraph(head), *body, *paragraph(part.note)]


def _injected(part: LiveInjected) -> list[str]:
    beside = f", beside {plural(part.hogs, 'hog')}" if part.hogs else ""
    head = f"live slowdowns: each compared {plural(part.asked, 'time')} with the service without it{beside}"
    return [*paragraph(head), *(line for one in part.slowdowns for line in _slowdown(one))]


def _slowdown(one: Injected) -> list[str]:
    rows = [
        (metric_name(metric.metric), _change(metric.change), ", ".join(f"{n} {v}" for v, n in metric.verdicts.items()))
        for metric in one.metrics
    ]
    told = [f"{metric_name(one.about)} decided in {len(one.seconds_to_verdict)} of {one.made}, {one.false.false} false"]
    if one.median_seconds is not None:
        told.append(f"median {one.median_seconds:.0f} s after the first start")
    if one.seconds_needed:
        told.append(f"undecided: about {', '.join(f'{seconds:.0f} s' for seconds in one.seconds_needed)} needed")
    return [f"  {one.name}: {one.title}", *table(rows, indent=4), *paragraph("; ".join(told), indent=4)]


def _rate(rate: ErrorRate) -> Sequence[str]:
    share = rate.share
    bounds = f"{format_share(share.low or 0.0)} to {format_share(share.high or 0.0)}" if share else ""
    return f"{rate.false} of {count(rate.verdicts)}", count(rate.allowed), bounds


def _share(rate: ErrorRate) -> str:
    return f"{format_share(rate.share.point if rate.share else 0.0, 2)}{'' if rate.passes else ' !'}"


def _epochs(median: float | None) -> str:
    return "-" if median is None else f"{median:g}"


def _change(ratio: Estimate | None) -> str:
    return with_interval(ratio, format_change)
