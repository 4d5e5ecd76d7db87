"""What profiling at a cost was measured to cost."""

from pathlib import Path

import pytest
from tests.support.experiments import Model, simulate
from tests.support.recordings import manifest

from tailtune.bundle import Workspace
from tailtune.lab.instrumented import instrument_cost, instrumented, with_and_without
from tailtune.model.instrument import Instrument
from tailtune.model.project import Variant
from tailtune.model.results import InstrumentCost

PAIR = with_and_without("base", Variant())


def run_of(variant: Variant, workload: str = "mixed"):
    return manifest(variants={"base": variant}, workload_name=workload)


def test_the_last_experiment_with_and_without_tells_the_cost(tmp_path: Path) -> None:
    workspace = Workspace(tmp_path)
    assert list(PAIR) == ["base", "base (instrumented)"]
    asked = run_of(instrumented(Variant()))
    assert instrument_cost(workspace, asked) == InstrumentCost(variant="base")
    model = Model(cpu_factor=1.1, candidate="base (instrumented)", base={"variants": PAIR, "workload_name": "mixed"})
    experiment = simulate(tmp_path, model)
    found = instrument_cost(workspace, asked)
    assert found is not None
    assert (found.variant, found.experiment) == ("base", experiment.id)
    assert found.cpu_per_request is not None
    assert found.cpu_per_request.ratio is not None
    assert found.cpu_per_request.ratio.point == pytest.approx(1.1, abs=0.05)


def test_only_an_experiment_on_the_same_variant_and_workload_counts(tmp_path: Path) -> None:
    simulate(
        tmp_path, Model(epochs=6, candidate="base (instrumented)", base={"variants": PAIR, "workload_name": "mixed"})
    )
    workspace = Workspace(tmp_path)
    others = (
        run_of(instrumented(Variant()), workload="other"),
        run_of(instrumented(Variant(tags=["fast"]))),
        run_of(Variant(instrument=Instrument(mutex=7))),
    )
    for other in others:
        assert instrument_cost(workspace, other) == InstrumentCost(variant="base")
    assert instrument_cost(workspace, run_of(Variant())) is None
