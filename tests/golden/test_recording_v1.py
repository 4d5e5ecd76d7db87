"""Recordings of format version 1 stay readable, with the same content, figures and findings."""

import json
from pathlib import Path

import pytest

from tailtune.bundle import Bundle
from tailtune.bundle.schema import TABLES
from tailtune.judge.explain import explain
from tailtune.judge.summary import summarize
from tailtune.model.project import Language
from tailtune.model.summary import GoalStatus
from tailtune.model.units import Duration

FOLDER = Path(__file__).parent / "recording-v1"
EXPECTED = json.loads(FOLDER.with_suffix(".json").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def bundle() -> Bundle:
    return Bundle.open(FOLDER)


def test_the_files_are_as_they_were_written(bundle):
    bundle.verify()
    assert len(bundle.files()) == len(EXPECTED) + 2


def test_the_manifest_is_understood(bundle):
    manifest = bundle.manifest
    assert manifest.format_version == 1
    assert manifest.service is not None
    assert manifest.service.language is Language.GO
    assert manifest.service.ready.timeout == Duration.parse("30s")
    assert manifest.workload is not None
    assert manifest.workload.operations[0].timeout == Duration.parse("1.5s")
    assert manifest.variants["base"].env == {"GOGC": "200"}
    assert manifest.warnings == ["golden"]


@pytest.mark.parametrize("name", EXPECTED)
def test_every_table_has_its_rows(bundle, name):
    rows = bundle.table(name).to_pylist()
    assert rows
    assert [{column: row[column] for column in old} for row, old in zip(rows, EXPECTED[name], strict=True)] == EXPECTED[
        name
    ]
    assert bundle.table(name).schema.equals(TABLES[name])


def test_the_figures_are_the_same(bundle):
    measure = summarize(bundle).measure
    p50, p90, p99, p999 = (quantile.estimate for quantile in measure.latency.quantiles)
    assert p50 is not None
    assert p90 is not None
    assert p99 is not None
    assert p999 is None
    assert (p50.point, p90.point, p99.point) == (5_000_000, 9_000_000, 15_000_000)
    assert measure.cpu is not None
    assert measure.cpu.per_request_ns.point == 2_000_000
    assert [goal.status for goal in summarize(bundle).goals] == [GoalStatus.MET]


def test_the_findings_are_the_same(bundle):
    assert [finding.id for finding in explain(bundle)] == [
        "recomputation:compiled-regular-expression",
        "hot-function:main.handle",
    ]
