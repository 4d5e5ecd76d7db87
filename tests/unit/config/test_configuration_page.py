"""docs/configuration.md lists every key of tailtune.toml, with its default."""

import re
from pathlib import Path

import msgspec
import pytest

from tailtune.model.answer_rules import AnswerRules
from tailtune.model.gates import Gates
from tailtune.model.generator import Generator, Number
from tailtune.model.instrument import Instrument
from tailtune.model.profile import Sessions, Stage
from tailtune.model.project import Goals, Project, ReadyCheck, Service, Variant
from tailtune.model.units import Duration
from tailtune.model.workload import Framing, Operation, Tls, Trace, Workload

PAGE = (Path(__file__).resolve().parents[3] / "docs/configuration.md").read_text(encoding="utf-8")
SECTIONS: dict[str, type[msgspec.Struct]] = {
    "## [service]": Service,
    "### service.ready": ReadyCheck,
    "## [workloads.NAME]": Workload,
    "### [[workloads.NAME.profile]]": Stage,
    "### workloads.NAME.sessions": Sessions,
    "### workloads.NAME.trace": Trace,
    "### workloads.NAME.tls": Tls,
    "### workloads.NAME.framing": Framing,
    "### [[workloads.NAME.operations]]": Operation,
    "### workloads.NAME.operations.data": Generator,
    "#### Distributions": Number,
    "### workloads.NAME.operations.answers": AnswerRules,
    "## [goals]": Goals,
    "## [gates]": Gates,
    "## [variants.NAME]": Variant,
    "### variants.NAME.instrument": Instrument,
}


def rows(heading: str) -> dict[str, str]:
    """Key → default, as the table under a heading has them."""
    section = PAGE.split(f"\n{heading}\n", 1)[1].split("\n#", 1)[0]
    cells = [line.strip("| ").split(" | ") for line in section.splitlines() if line.startswith("| `")]
    return {row[0].strip("`"): row[2].strip("`") for row in cells}


def default(field: msgspec.structs.FieldInfo) -> str:
    """Return a default as the page writes it."""
    value = field.default if field.default_factory is msgspec.NODEFAULT else field.default_factory()
    match value:
        case msgspec.NODEFAULT:
            return "required"
        case None:
            return "none"
        case bool():
            return str(value).lower()
        case Duration():
            return f'"{value}"'
        case float():
            return f"{value:g}"
        case str():
            return f'"{value}"'
        case AnswerRules():
            return f'{{ compare = "{value.compare}" }}'
        case ReadyCheck():
            return f'{{ path = "{value.path}" }}'
        case _:
            return str(value)


@pytest.mark.parametrize("heading", SECTIONS)
def test_every_key_stands_there_with_its_default(heading: str) -> None:
    inherited = {field.name for field in msgspec.structs.fields(Number)} if SECTIONS[heading] is Generator else set()
    fields = [field for field in msgspec.structs.fields(SECTIONS[heading]) if field.name not in inherited]
    assert rows(heading) == {field.encode_name: default(field) for field in fields}


def test_every_table_has_a_section() -> None:
    tables = {field.encode_name for field in msgspec.structs.fields(Project)}
    assert tables == {
        re.split(r"[\].]", heading.strip("#[ "))[0] for heading in SECTIONS if heading != "#### Distributions"
    }
