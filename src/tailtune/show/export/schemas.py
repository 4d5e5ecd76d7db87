"""The published schemas: one for each command's `--json`, generated from the types."""

from pathlib import Path
from typing import Any, Final

import msgspec

from tailtune.config.json_schema import schema, schema_of
from tailtune.errors import SetupError, UsageError
from tailtune.model import detected, doctor, imports, knobs, profile_view, results, selftest, selftest_verdicts
from tailtune.show.export.json import encode_plain

TYPES: Final[dict[str, type[msgspec.Struct]]] = {
    "detect": detected.Overview,
    "doctor": doctor.Diagnosis,
    "init": detected.Initialized,
    "run": results.RunResult,
    "runs": results.RunList,
    "runs-show": results.RecordingFacts,
    "runs-remove": results.Removal,
    "load": results.LoadResult,
    "workload-compile": imports.CompiledSchedule,
    "workload-show": imports.ShownWorkload,
    "workload-import": imports.Imported,
    "workload-fit": imports.FittedWorkload,
    "profile": profile_view.ProfileResult,
    "explain": results.ExplainResult,
    "compare": results.CompareResult,
    "knobs": knobs.KnobList,
    "sweep": results.SweepResult,
    "experiments": results.ExperimentList,
    "report": results.RecordingFacts,
    "selftest-load": selftest.LoadSelftest,
    "selftest-verdicts": selftest_verdicts.VerdictSelftest,
    "schema": results.SchemaList,
    "error": results.FailedResult,
}
"""Name of the schema → what it describes: a command's result, or with `error` what replaces it on failure."""
_CONFIG: Final = "config"
_TITLES: Final = {"detect": "tailtune --json", "error": "a failed command with --json"}


def schema_list() -> results.SchemaList:
    """Return the names of all schemas."""
    return results.SchemaList(schemas=[*TYPES, _CONFIG])


def schema_text(name: str) -> str:
    """Return one schema as JSON text.

    Raises:
        UsageError: if there is none of this name.
    """
    return encode_plain(_schema(name)) + "\n"


def write_all(directory: Path) -> list[Path]:
    """Write the schema of each result to `directory/<name>.json`; return the paths.

    Raises:
        SetupError: if the directory cannot be written.
    """
    paths = []
    try:
        directory.mkdir(parents=True, exist_ok=True)
        for name in TYPES:
            path = directory / f"{name}.json"
            path.write_text(schema_text(name), encoding="utf-8")
            paths.append(path)
    except OSError as error:
        raise SetupError(f"{directory}: schemas cannot be written: {error.strerror}") from error
    return paths


def _schema(name: str) -> dict[str, Any]:
    if name == _CONFIG:
        return schema()
    if name not in TYPES:
        raise UsageError(f"no schema is called `{name}`; known: {', '.join(schema_list().schemas)}")
    return schema_of(TYPES[name], title=_TITLES.get(name, f"tailtune {name.replace('-', ' ')} --json"))
