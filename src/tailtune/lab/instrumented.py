"""Profiling at a cost: switched on in a variant, and what it was measured to cost."""

from typing import Final

import msgspec

from tailtune.bundle.catalogue import Catalogue
from tailtune.bundle.reader import Bundle
from tailtune.bundle.workspace import Workspace
from tailtune.errors import RecordingError
from tailtune.judge.comparison import compare
from tailtune.model.instrument import Instrument
from tailtune.model.project import Variant
from tailtune.model.recording import Kind, Manifest
from tailtune.model.results import InstrumentCost
from tailtune.model.verdict import Metric

_MARK: Final = " (instrumented)"


def instrumented(variant: Variant) -> Variant:
    """Return a variant with its profiling switched on, at the rates it names or the usual ones."""
    return msgspec.structs.replace(variant, instrument=variant.instrument or Instrument())


def with_and_without(name: str, variant: Variant) -> dict[str, Variant]:
    """Return the two variants whose comparison is the cost, by name, the one without first."""
    return {name: msgspec.structs.replace(variant, instrument=None), f"{name}{_MARK}": instrumented(variant)}


def instrument_cost(workspace: Workspace, manifest: Manifest) -> InstrumentCost | None:
    """Return what the profiling of a run was measured to cost, and where; None for a run of the service as it is.

    The last experiment counts that compared the same variant, under the same workload, with and without.
    """
    name, variant = next(iter(manifest.variants.items()), ("", Variant()))
    if variant.instrument is None:
        return None
    pair = with_and_without(name, variant)
    for entry in reversed(Catalogue(workspace).list([Kind.EXPERIMENT])):
        if entry.variants != list(pair) or entry.workload != manifest.workload_name:
            continue
        try:
            bundle = Bundle.open(workspace.run(entry.id))
            answers = {one.metric: one for one in compare(bundle).metrics}
        except RecordingError:
            continue
        if bundle.manifest.variants == pair:
            cost = answers.get(Metric.CPU_PER_REQUEST)
            return InstrumentCost(variant=name, experiment=entry.id, cpu_per_request=cost)
    return InstrumentCost(variant=name)
