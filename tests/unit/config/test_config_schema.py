"""The JSON schema: current, complete, described."""

import json
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from tailtune import config
from tailtune.config.json_schema import schema_of
from tailtune.model.project import Project, Service
from tailtune.model.recording import Manifest
from tailtune.model.workload import Operation, Workload

COMMITTED = Path(__file__).parents[3] / "docs" / "tailtune.schema.json"


def test_committed_schema_is_current():
    assert json.loads(COMMITTED.read_text(encoding="utf-8")) == config.schema(), (
        "python -m tailtune.config.schema > docs/tailtune.schema.json"
    )


def test_the_module_prints_it():
    printed = subprocess.run(
        [sys.executable, "-m", "tailtune.config.schema"], capture_output=True, check=True, timeout=60
    )
    assert printed.stdout == COMMITTED.read_bytes()
    assert printed.stderr == b""


@pytest.mark.parametrize("kind", [Project, Service, Operation, Workload])
def test_every_key_of_the_file_is_in_it_and_no_other_is_allowed(kind):
    definition = config.schema()["$defs"][kind.__name__]
    assert set(definition["properties"]) == {field.encode_name for field in msgspec.structs.fields(kind)}
    assert definition["additionalProperties"] is False


def test_docstrings_and_defaults_become_part_of_it():
    definitions = config.schema()["$defs"]
    assert definitions["Workload"]["properties"]["rate"]["description"].startswith("Mean rate of intended starts")
    assert definitions["Workload"]["properties"]["duration"]["default"] == "30s"
    assert definitions["Service"]["required"] == ["language"]
    assert definitions["Arrival"]["oneOf"][0]["const"] == "poisson"
    assert "250us" in definitions["Duration"]["examples"]


def test_all_references_resolve_in_a_schema_of_any_model():
    schema = schema_of(Manifest, title="manifest.json")
    text = json.dumps(schema)
    names = {part.split('"')[0] for part in text.split("#/$defs/")[1:]}
    assert names <= set(schema["$defs"])
    assert "LoadReport" in names
