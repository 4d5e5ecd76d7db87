from pathlib import Path

import pytest

from tailtune import config
from tailtune.errors import ConfigError
from tailtune.model.answer_rules import Compare
from tailtune.model.project import Project
from tailtune.model.units import Duration

PROJECT = """
[service]
language = "{language}"
{service}
args = ["{{port}}"]
{gates}
[[workloads.default.operations]]
name = "get"
{rules}
"""
GO = {"language": "go", "service": ""}


def parse(*, gates: str = "", rules: str = "", **service: str) -> Project:
    return config.parse(PROJECT.format(**{**GO, **service}, gates=gates, rules=rules), Path("tailtune.toml"))


def test_rules_and_gates_are_read() -> None:
    project = parse(
        gates='[gates]\ntest = ["go", "test", "./..."]\nrace = true\ntest_timeout = "1m"',
        rules="""[workloads.default.operations.answers]
        ignore = ["$.time", "*.id"]
        unordered = ["$.tags"]
        replace = { '\\d+ms' = "T" }""",
    )
    rules = project.workloads["default"].operations[0].answers
    assert (rules.compare, rules.ignore, rules.unordered) == (Compare.BODY, ["$.time", "*.id"], ["$.tags"])
    assert rules.replace == {r"\d+ms": "T"}
    assert project.gates.race
    assert project.gates.test == ["go", "test", "./..."]
    assert project.gates.test_timeout == Duration.from_seconds(60)


@pytest.mark.parametrize(
    ("rules", "told"),
    [
        ('answers = { ignore = ["time"] }', r'answers\.ignore\[0\]: is "time"; accepted: a path such as'),
        ('answers = { unordered = ["$"] }', r"answers\.unordered\[0\]"),
        ('answers = { replace = { "(" = "" } }', "no regular expression: unclosed group"),
        ('answers = { replace = { "(?=a)" = "" } }', "look-around"),
        ('answers = { compare = "status", ignore = ["$.a"] }', 'means nothing where compare is "status"'),
        ('answers = { compare = "exact" }', '"body", "length", "status", "none"'),
        (f'answers = {{ replace = {{ a = "{"x" * 1001}" }} }}', "1,001 characters"),
    ],
)
def test_impossible_rules_are_refused(rules: str, told: str) -> None:
    with pytest.raises(ConfigError, match=told):
        parse(rules=rules)


@pytest.mark.parametrize(
    ("gates", "told"),
    [
        ('[gates]\ntest = [""]', "gates.test: names no command"),
        ('[gates]\ntest = ["a\\u0000b"]', "holds a NUL"),
        ('[gates]\nrace_duration = "0s"', "gates.race_duration"),
        ('[gates]\ntests = ["a"]', "unknown key"),
    ],
)
def test_impossible_gates_are_refused(gates: str, told: str) -> None:
    with pytest.raises(ConfigError, match=told):
        parse(gates=gates)


def test_the_race_detector_is_gos() -> None:
    with pytest.raises(ConfigError, match=r'gates\.race: means nothing to a service whose language is "rust"'):
        parse(gates="[gates]\nrace = true", language="rust")
    assert parse(gates='[gates]\ntest = ["cargo", "test"]', language="rust").gates.test == ["cargo", "test"]
