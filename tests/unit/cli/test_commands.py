"""Each command: what it asks of its use case, what it prints where, and how it exits."""

import importlib
import inspect
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace
from tests.support import experiment_results as experiments
from tests.support import machine_results as machines
from tests.support import profile_results as profiles
from tests.support import request_results as requests
from tests.support import results as given

from tailtune.cli.app import app, main
from tailtune.cli.failure import COMMAND_NAMES
from tailtune.model.codec import from_json
from tailtune.model.condition import Outcome
from tailtune.model.endpoint import PprofKind
from tailtune.model.load import Validity
from tailtune.model.profile_diff import Grouping
from tailtune.model.results import ExplainResult, FailedResult, RecordingFacts, RunList, SchemaList
from tailtune.model.selftest import Truth
from tailtune.model.units import Duration
from tailtune.model.verdict import Comparison, Metric, Verdict
from tailtune.model.workload import Arrival
from tailtune.show.export.schemas import TYPES

COMMANDS = {
    "detect": ([], "detect", "detect", machines.OVERVIEW),
    "doctor": (["doctor"], "doctor", "doctor", machines.DIAGNOSIS),
    "init": (["init"], "init", "init", machines.INITIALIZED),
    "run": (["run"], "run", "run", given.RUN),
    "runs": (["runs"], "runs", "list_runs", given.RUN_LIST),
    "runs-show": (["runs", "show"], "runs", "show_run", given.RUN_FACTS),
    "runs-remove": (["runs", "remove", given.RUN_ID], "runs", "remove_run", given.REMOVAL),
    "load": (["load", "http://127.0.0.1:8080/"], "load", "load", given.LOAD),
    "profile": (["profile", "4711"], "profile", "profile", profiles.PLAIN),
    "explain": (["explain"], "explain", "explain", given.EXPLANATION),
    "compare": (["compare", "base", "fast"], "compare", "compare", experiments.COMPARE),
    "selftest-load": (["selftest", "load"], "selftest_load", "selftest_load", machines.SELFTEST),
    "sweep": (["sweep", "gogc=50,400"], "sweep", "sweep", experiments.SWEEP),
    "experiments": (["experiments"], "experiments", "experiments", experiments.LIST),
    "selftest-verdicts": (
        ["selftest", "verdicts"],
        "selftest_verdicts",
        "selftest_verdicts",
        machines.VERDICTS,
    ),
    "report": (["report"], "report", "report", experiments.EXPERIMENT_FACTS),
}
"""Schema name → arguments, module and function of the use case, what it returns."""


@pytest.mark.parametrize("name", COMMANDS)
def test_the_result_goes_to_stdout_and_talk_does_not(name: str, lab: Any, capsys: pytest.CaptureFixture[str]) -> None:
    arguments, module, function, result = COMMANDS[name]
    lab.returns(module, function, result)
    assert main(arguments) == 0
    said = capsys.readouterr()
    assert said.out.endswith("\n")
    assert "\x1b" not in said.out + said.err
    assert "warning:" not in said.out


@pytest.mark.parametrize("name", COMMANDS)
def test_json_is_the_whole_result_and_fits_the_published_type(
    name: str, lab: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments, module, function, result = COMMANDS[name]
    lab.returns(module, function, result)
    assert main([*arguments, "--json"]) == 0
    assert from_json(capsys.readouterr().out.encode(), TYPES[name]) == result


@pytest.mark.parametrize("name", COMMANDS)
def test_the_use_case_takes_what_the_command_gives(name: str, lab: Any, capsys: pytest.CaptureFixture[str]) -> None:
    arguments, module, function, result = COMMANDS[name]
    signature = inspect.signature(getattr(importlib.import_module(f"tailtune.lab.{module}"), function))
    lab.returns(module, function, result)
    main(arguments)
    (args, kwargs) = lab.calls[0]
    bound = signature.bind(*args, **kwargs)
    assert bound.arguments


@pytest.mark.parametrize("name", COMMANDS)
def test_quiet_leaves_stderr_empty(name: str, lab: Any, capsys: pytest.CaptureFixture[str]) -> None:
    arguments, module, function, result = COMMANDS[name]
    lab.returns(module, function, result)
    main([*arguments, "--quiet"])
    assert capsys.readouterr().err == ""


def test_run_passes_its_options_on(lab: Any, tmp_path: Path) -> None:
    lab.returns("run", "run", given.RUN)
    options = ["--workload", "mixed", "--variant", "fast", "--duration", "20s", "--rate", "50", "--seed", "3"]
    assert main(["run", *options, "--no-diagnose", "--instrument", "--simulate-caches"]) == 0
    args, kwargs = lab.calls[0]
    assert args == (tmp_path, tmp_path / "tailtune.toml")
    del kwargs["progress"]
    assert kwargs == {
        "fail_if": [],
        "workload": "mixed",
        "variant": "fast",
        "duration": Duration.from_seconds(20),
        "rate": 50.0,
        "seed": 3,
        "diagnose": False,
        "instrument": True,
        "simulate_caches": True,
    }


def test_explain_passes_its_options_on(lab: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    lab.returns("explain", "explain", requests.ONE_REQUEST)
    assert main(["explain", "3f2a", "--band", "p99.9", "--request", "r1204"]) == 0
    assert lab.calls[0] == ((tmp_path, "3f2a"), {"band": "p99.9", "request": "r1204", "finding": ""})
    assert "request r1204" in capsys.readouterr().out


def test_explain_shows_one_finding(lab: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    lab.returns("explain", "explain", requests.ONE_FINDING)
    assert main(["explain", "--finding", "f2"]) == 0
    assert lab.calls[0] == ((tmp_path, "latest"), {"band": "", "request": "", "finding": "f2"})
    shown = capsys.readouterr().out
    assert "f2  shop.step2" in shown
    assert "f1  " not in shown
    assert main(["explain", "--finding", "f2", "--json"]) == 0
    assert from_json(capsys.readouterr().out.encode(), ExplainResult).finding == requests.ONE_FINDING.finding


def test_load_passes_its_options_on(lab: Any, tmp_path: Path) -> None:
    (tmp_path / "body.json").write_text("{}")
    lab.returns("load", "load", given.LOAD)
    options = ["--rate", "5000", "-z", "1m", "--arrival", "constant", "-X", "POST", "-H", "A: 1", "-H", "B: 2"]
    assert main(["load", "http://127.0.0.1:1/", *options, "-d", "@body.json", "--save"]) == 0
    args, kwargs = lab.calls[0]
    url, wanted = args
    assert url == "http://127.0.0.1:1/"
    assert wanted.rate == 5000.0
    assert wanted.duration == Duration.from_seconds(60)
    assert wanted.arrival is Arrival.CONSTANT
    assert wanted.headers == ["A: 1", "B: 2"]
    assert wanted.body == "{}"
    assert kwargs["save"] is True


def test_load_passes_on_what_is_to_come_out(lab: Any) -> None:
    lab.returns("load", "load", given.LOAD)
    options = ["--fail-if", "p99 > 5ms", "--fail-if", "errors > 1%", "-o", "a.hlog", "--output", "csv:b"]
    assert main(["load", "http://127.0.0.1:1/", *options]) == 0
    _, kwargs = lab.calls[0]
    assert kwargs["fail_if"] == ["p99 > 5ms", "errors > 1%"]
    assert kwargs["outputs"] == ["a.hlog", "csv:b"]


def test_profile_passes_its_options_on(lab: Any, tmp_path: Path) -> None:
    lab.returns("profile", "profile", profiles.PLAIN)
    taking = ["--seconds", "3", "--hz", "49", "--kind", "allocs"]
    look = [
        "--by",
        "line",
        "--value",
        "samples",
        "--top",
        "7",
        "--tree",
        "--list",
        "main",
        "--callers",
        "a",
        "--callers",
        "b",
    ]
    assert main(["profile", "shop", *taking, *look, "--diff", "base.pb.gz", "-o", "a.pb.gz", "-o", "pprof:b"]) == 0
    (source, root, asked, seen), kwargs = lab.calls[0]
    assert (source, root) == ("shop", tmp_path)
    assert (asked.seconds, asked.hz, asked.kind) == (3.0, 49, PprofKind.ALLOCS)
    assert (seen.by, seen.value, seen.top, seen.tree) == (Grouping.LINE, "samples", 7, True)
    assert (seen.listed, seen.callers, seen.callees) == (["main"], ["a", "b"], [])
    assert (kwargs["diff"], kwargs["outputs"], kwargs["on_profile"]) == ("base.pb.gz", ["a.pb.gz", "pprof:b"], None)


def test_an_interrupted_profile_shows_what_it_has_and_exits_130(lab: Any, capsys: pytest.CaptureFixture[str]) -> None:
    lab.returns("profile", "profile", profiles.FEW)
    assert main(["profile", "4711"]) == 130
    assert "main.hash" in capsys.readouterr().out


def test_the_icicle_is_refused_before_anything_is_sampled_where_there_is_no_terminal(
    lab: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    lab.returns("profile", "profile", profiles.PLAIN)
    assert main(["profile", "4711", "--interactive"]) == 2
    assert not lab.calls
    assert "the view that takes keys needs" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("outcome", "report", "code"),
    [
        (Outcome.PASSED, {}, 0),
        (Outcome.FAILED, {}, 104),
        (Outcome.UNDECIDED, {}, 3),
        (Outcome.FAILED, {"validity": Validity.INVALID}, 103),
        (Outcome.UNDECIDED, {"validity": Validity.INVALID}, 103),
        (Outcome.FAILED, {"interrupted": True}, 130),
        (Outcome.UNDECIDED, {"interrupted": True}, 130),
    ],
)
def test_a_condition_decides_the_exit_code_of_a_load_that_may_be_used(
    outcome: Outcome, report: dict[str, Any], code: int, lab: Any
) -> None:
    conditions = [replace(given.CONDITIONS[0], outcome=outcome)]
    summary = replace(given.LOAD.summary, conditions=conditions)
    lab.returns("load", "load", replace(given.LOAD, summary=summary, report=replace(given.LOAD.report, **report)))
    assert main(["load", "http://127.0.0.1:1/"]) == code


@pytest.mark.parametrize(("options", "drawn"), [([], False), (["--charts"], True), (["--no-charts"], False)])
def test_charts_are_drawn_when_asked_for(
    options: list[str], drawn: bool, lab: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    lab.returns("load", "load", given.LOAD)
    main(["load", "http://127.0.0.1:1/", *options])
    assert ("percentile curve" in capsys.readouterr().out) is drawn


def test_a_duration_is_not_taken_for_a_body(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["load", "http://127.0.0.1:1/", "-d", "10s"]) == 2
    assert "write --duration 10s" in capsys.readouterr().err


def test_the_configuration_is_found_as_named_by_the_option_then_by_the_variable(
    lab: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lab.returns("runs", "list_runs", given.RUN_LIST)
    for name in ("by-option", "by-variable"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "tailtune.toml").write_text("")
    monkeypatch.setenv("TAILTUNE_CONFIG", "by-variable/tailtune.toml")
    main(["runs"])
    main(["runs", "--config", "by-option/tailtune.toml"])
    assert [args for args, _ in lab.calls] == [(tmp_path / "by-variable",), (tmp_path / "by-option",)]


def test_runs_work_without_a_configuration(lab: Any, tmp_path: Path) -> None:
    (tmp_path / "tailtune.toml").unlink()
    lab.returns("runs", "list_runs", RunList(directory="x", recordings=[]))
    assert main(["runs"]) == 0
    assert lab.calls[0][0] == (tmp_path,)


@pytest.mark.parametrize("command", ["run", "compare"])
def test_a_missing_configuration_is_a_usage_error(
    command: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "tailtune.toml").unlink()
    assert main([command, *(["a", "b"] if command == "compare" else [])]) == 2
    assert "tailtune.toml" in capsys.readouterr().err


def test_a_load_that_may_not_be_used_is_shown_and_exits_103(lab: Any, capsys: pytest.CaptureFixture[str]) -> None:
    lab.returns("load", "load", replace(given.BAD_LOAD, report=replace(given.BAD_REPORT, interrupted=False)))
    assert main(["load", "http://127.0.0.1:1/"]) == 103
    assert capsys.readouterr().out.startswith("INVALID load")


def test_an_interrupted_load_shows_what_it_has_and_exits_130(lab: Any, capsys: pytest.CaptureFixture[str]) -> None:
    lab.returns("load", "load", given.BAD_LOAD)
    assert main(["load", "http://127.0.0.1:1/"]) == 130
    assert "load: INVALID, interrupted" in capsys.readouterr().out


def test_a_run_with_a_load_that_may_not_be_used_exits_103(lab: Any) -> None:
    lab.returns(
        "run",
        "run",
        replace(given.RUN, manifest=replace(given.MANIFEST, load=replace(given.BAD_REPORT, interrupted=False))),
    )
    assert main(["run"]) == 103


@pytest.mark.parametrize(
    ("truth", "interrupted", "code"),
    [(Truth.HOLDS, False, 0), (Truth.FAILS, False, 103), (Truth.DISTURBED, False, 3), (Truth.FAILS, True, 130)],
)
def test_a_selftest_of_verdicts_exits_by_what_it_shows(truth: Truth, interrupted: bool, code: int, lab: Any) -> None:
    found = replace(machines.VERDICTS, outcome=truth, interrupted=interrupted)
    lab.returns("selftest_verdicts", "selftest_verdicts", found)
    assert main(["selftest", "verdicts", "--live-aa", "3", "--hogs", "2"]) == code
    (parts, *_), _ = lab.calls[-1]
    assert (parts.synthetic, parts.replay, parts.live_aa, parts.live_injected, parts.hogs) == (0, 0, 3, 0, 2)


def test_a_selftest_of_verdicts_has_a_usual_choice(lab: Any) -> None:
    lab.returns("selftest_verdicts", "selftest_verdicts", machines.VERDICTS)
    assert main(["selftest", "verdicts"]) == 0
    (parts, *_), _ = lab.calls[-1]
    assert parts.synthetic == 8_000
    assert parts.replay > 0
    assert (parts.live_aa, parts.live_injected, parts.slowdowns) == (1, 1, ("cpu-10",))


@pytest.mark.parametrize(("outcome", "code"), [(Truth.HOLDS, 0), (Truth.DISTURBED, 3), (Truth.FAILS, 103)])
def test_a_selftest_exits_by_what_it_shows(outcome: Truth, code: int, lab: Any) -> None:
    lab.returns("selftest_load", "selftest_load", replace(machines.SELFTEST, outcome=outcome))
    assert main(["selftest", "load", "--quick"]) == code
    assert lab.calls[0][1]["quick"] is True


def _with(*verdicts: tuple[Metric, Verdict]) -> Comparison:
    shape = experiments.COMPARISON.metrics[0]
    return replace(
        experiments.COMPARISON,
        metrics=[replace(shape, metric=metric, verdict=verdict) for metric, verdict in verdicts],
        regressions=[metric for metric, verdict in verdicts if verdict is Verdict.REGRESSED],
    )


REGRESSED = _with((Metric.P90, Verdict.REGRESSED), (Metric.P99, Verdict.INCONCLUSIVE))
OPEN = _with((Metric.CPU_PER_REQUEST, Verdict.IMPROVED), (Metric.P99, Verdict.INCONCLUSIVE))
OPEN_ONLY_FAR_OUT = _with((Metric.P99, Verdict.IMPROVED), (Metric.P999, Verdict.INCONCLUSIVE))
REFUSED = _with((Metric.P99, Verdict.TOO_NOISY))


@pytest.mark.parametrize(
    ("comparison", "asked", "code"),
    [
        (REGRESSED, [], 0),
        (REGRESSED, ["regression"], 100),
        (REGRESSED, ["inconclusive"], 3),
        (REGRESSED, ["regression", "inconclusive"], 100),
        (OPEN, ["regression"], 0),
        (OPEN, ["inconclusive"], 3),
        (OPEN_ONLY_FAR_OUT, ["inconclusive"], 0),
        (REFUSED, ["inconclusive"], 3),
        (REFUSED, ["regression"], 0),
    ],
)
def test_a_comparison_fails_only_on_what_it_was_asked_to(
    comparison: Comparison, asked: list[str], code: int, lab: Any
) -> None:
    lab.returns("compare", "compare", replace(experiments.COMPARE, comparison=comparison))
    flags = [flag for name in asked for flag in ("--fail-on", name)]
    assert main(["compare", "base", "fast", *flags]) == code


def test_report_writes_a_file(lab: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    lab.returns("report", "report", given.RUN_FACTS)
    assert main(["report", "--markdown", "-o", "out.md"]) == 0
    said = capsys.readouterr()
    assert said.out == ""
    assert "out.md" in said.err
    assert (tmp_path / "out.md").read_text().startswith("# tailtune run")


def test_report_writes_json_to_the_file_when_asked(lab: Any, tmp_path: Path) -> None:
    lab.returns("report", "report", given.RUN_FACTS)
    assert main(["report", "--json", "-o", "out.json"]) == 0
    assert from_json((tmp_path / "out.json").read_bytes(), RecordingFacts) == given.RUN_FACTS


def test_report_says_why_a_file_cannot_be_written(lab: Any, capsys: pytest.CaptureFixture[str]) -> None:
    lab.returns("report", "report", given.RUN_FACTS)
    assert main(["report", "-o", "missing/out.md"]) == 96
    assert "missing/out.md" in capsys.readouterr().err


def test_explain_shows_everything_on_request(lab: Any, capsys: pytest.CaptureFixture[str]) -> None:
    lab.returns("explain", "explain", given.EXPLANATION)
    main(["explain", "--full"])
    assert "f7 " in capsys.readouterr().out


def test_schema_lists_prints_and_writes(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["schema", "--json"]) == 0
    names = from_json(capsys.readouterr().out.encode(), SchemaList).schemas
    assert set(names) == {*TYPES, "config"}
    assert main(["schema", "run"]) == 0
    assert '"RunResult"' in capsys.readouterr().out
    assert main(["schema", "config"]) == 0
    assert '"Project"' in capsys.readouterr().out
    assert main(["schema", "--write", "made"]) == 0
    assert {path.stem for path in (tmp_path / "made").iterdir()} == set(TYPES)


def test_an_unknown_schema_is_a_usage_error(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["schema", "nothing", "--json"]) == 2
    assert from_json(capsys.readouterr().out.encode(), FailedResult).error.code == "usage"


def test_version_and_help_go_to_stdout(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--version"]) == 0
    assert capsys.readouterr().out.startswith("tailtune ")
    assert main(["--help"]) == 0
    shown = capsys.readouterr().out
    assert "Exit codes" in shown
    assert all(name in shown for name in COMMAND_NAMES)


def test_the_commands_named_in_errors_are_the_commands_there_are() -> None:
    assert {name for name in app if not name.startswith("-")} == set(COMMAND_NAMES)


def test_the_command_line_starts_without_the_heavy_modules() -> None:
    """In a process of its own, since this one has them all by now."""
    listing = "import sys, tailtune.cli.app; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", listing], capture_output=True, text=True, check=True).stdout.split()
    assert "tailtune.cli.run" in loaded
    assert not {"numpy", "pyarrow", "scipy", "rich.progress", "tailtune._native", "sqlite3"} & set(loaded)
