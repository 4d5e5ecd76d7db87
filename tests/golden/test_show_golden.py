"""Every form of output against a stored copy; TAILTUNE_UPDATE_GOLDEN=1 writes the copies anew: read the diff then."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from msgspec.structs import replace
from tests.support import experiment_results as experiments
from tests.support import machine_results as machines
from tests.support import profile_results as profiles
from tests.support import request_results as requests
from tests.support import results as given
from tests.support import workload_results as workloads
from tests.support.profiles import service_profile

from tailtune.errors import BuildError
from tailtune.judge.profile_diff import diff_profiles
from tailtune.model.codec import from_json
from tailtune.model.profile_diff import ProfileDiff
from tailtune.model.request_parts import RequestBands
from tailtune.model.results import ExplainResult, FailedResult, Failure, LoadResult
from tailtune.show.export.json import encode, encode_failure
from tailtune.show.export.schemas import TYPES, schema_list, schema_text
from tailtune.show.markdown.profile_diff import profile_diff as profile_diff_markdown
from tailtune.show.markdown.report import report
from tailtune.show.text.bands import bands_headline
from tailtune.show.text.compare import compare_result
from tailtune.show.text.detect import detection, initialized
from tailtune.show.text.doctor import examination
from tailtune.show.text.experiments import experiment_list
from tailtune.show.text.explain import BUDGET_BYTES, explanation
from tailtune.show.text.glyphs import ASCII, drawn_with
from tailtune.show.text.knobs import knob_list
from tailtune.show.text.load import load_result
from tailtune.show.text.profile import profile_result
from tailtune.show.text.profile_diff import profile_diff
from tailtune.show.text.run import run_result
from tailtune.show.text.runs import one_run, removal, run_list
from tailtune.show.text.selftest import load_selftest
from tailtune.show.text.selftest_verdicts import verdict_selftest
from tailtune.show.text.sweep import sweep_result
from tailtune.show.text.table import fitted as fitted_to
from tailtune.show.text.workload import compiled, fitted, imported, shown

COPIES = Path(__file__).parent / "show"
SCHEMAS = Path(__file__).resolve().parents[2] / "docs" / "schemas"
FAILURE = BuildError("go build failed", hint="mend the error above", detail="main.go:3: undefined: x")


def _in_ascii(result: LoadResult) -> str:
    with drawn_with(ASCII):
        return load_result(result, charts=True)


def _requests_in_ascii() -> str:
    with drawn_with(ASCII):
        return explanation(requests.EXPLANATION)


def _one_band() -> ExplainResult:
    return replace(requests.EXPLANATION, requests=replace(requests.BANDS, bands=[requests.TAIL]))


def _profile_diff() -> ProfileDiff:
    slower = service_profile(hashing=620, cart="shop/basket.(*Cart).Total")
    return diff_profiles([service_profile()], [slower], base_requests=[1000], candidate_requests=[1000])


OUTPUTS: dict[str, Callable[[], str]] = {
    "run.txt": lambda: run_result(given.RUN),
    "run-requests.txt": lambda: run_result(requests.RUN),
    "load.txt": lambda: load_result(given.LOAD),
    "load-charts.txt": lambda: load_result(given.CONDITIONAL_LOAD, charts=True),
    "load-charts-ascii.txt": lambda: _in_ascii(given.LOAD),
    "load-closed.txt": lambda: load_result(given.CLOSED_LOAD),
    "load-invalid.txt": lambda: load_result(given.BAD_LOAD),
    "explain.txt": lambda: explanation(given.EXPLANATION),
    "explain-full.txt": lambda: explanation(given.EXPLANATION, full=True),
    "explain-requests.txt": lambda: explanation(requests.EXPLANATION),
    "explain-requests-ascii.txt": _requests_in_ascii,
    "explain-requests-full.txt": lambda: explanation(requests.EXPLANATION, full=True),
    "explain-band.txt": lambda: explanation(_one_band(), band=True),
    "explain-request.txt": lambda: explanation(requests.ONE_REQUEST),
    "explain-request-full.txt": lambda: explanation(requests.ONE_REQUEST, full=True),
    "explain-request-undivided.txt": lambda: explanation(requests.UNDIVIDED_REQUEST),
    "explain-finding.txt": lambda: explanation(requests.ONE_FINDING),
    "explain-finding-full.txt": lambda: explanation(requests.ONE_FINDING, full=True),
    "explain-finding-bare.txt": lambda: explanation(requests.BARE_FINDING),
    "compare.txt": lambda: compare_result(experiments.COMPARE),
    "compare-aa.txt": lambda: compare_result(experiments.AA),
    "compare-answers.txt": lambda: compare_result(experiments.OTHER_ANSWERS),
    "runs.txt": lambda: run_list(given.RUN_LIST),
    "runs-empty.txt": lambda: run_list(given.EMPTY_RUN_LIST),
    "runs-show.txt": lambda: one_run(given.RUN_FACTS),
    "runs-show-partial.txt": lambda: one_run(given.PARTIAL_FACTS),
    "runs-show-experiment.txt": lambda: one_run(experiments.EXPERIMENT_FACTS),
    "runs-remove.txt": lambda: removal(given.REMOVAL),
    "knobs.txt": lambda: knob_list(machines.KNOBS),
    "knob.txt": lambda: knob_list(replace(machines.KNOBS, knobs=machines.KNOBS.knobs[1:2])),
    "doctor.txt": lambda: examination(machines.DIAGNOSIS),
    "detect.txt": lambda: detection(machines.OVERVIEW),
    "init.txt": lambda: initialized(machines.INITIALIZED),
    "selftest-load.txt": lambda: load_selftest(machines.SELFTEST),
    "selftest-load-fails.txt": lambda: load_selftest(machines.BAD_SELFTEST),
    "selftest-verdicts.txt": lambda: verdict_selftest(machines.VERDICTS),
    "selftest-verdicts-fails.txt": lambda: verdict_selftest(machines.BAD_VERDICTS),
    "workload-compile.txt": lambda: compiled(workloads.COMPILED),
    "workload-show.txt": lambda: shown(workloads.SHOWN),
    "workload-import.txt": lambda: imported(workloads.IMPORTED),
    "workload-fit.txt": lambda: fitted(workloads.FITTED),
    "run.md": lambda: report(given.RUN_FACTS),
    "run-requests.md": lambda: report(requests.RUN_FACTS),
    "partial.md": lambda: report(given.PARTIAL_FACTS),
    "experiment.md": lambda: report(experiments.EXPERIMENT_FACTS),
    "sweep.md": lambda: report(experiments.SWEEP_FACTS),
    "experiment-answers.md": lambda: report(experiments.ANSWERS_FACTS),
    "profile.txt": lambda: profile_result(profiles.PLAIN),
    "profile-few.txt": lambda: profile_result(profiles.FEW),
    "profile-off-cpu.txt": lambda: profile_result(profiles.WAITING),
    "profile-go-trace.txt": lambda: profile_result(profiles.GO_TRACE),
    "profile-compared.txt": lambda: profile_result(profiles.DIFFERENT),
    "profile-diff.txt": lambda: profile_diff(_profile_diff()),
    "profile-diff.md": lambda: profile_diff_markdown(_profile_diff()),
    "profile-diff-same.txt": lambda: profile_diff(diff_profiles([service_profile()] * 3, [service_profile()] * 3)),
    "run.json": lambda: encode(given.RUN),
    "sweep.txt": lambda: sweep_result(experiments.SWEEP),
    "experiments.txt": lambda: experiment_list(experiments.LIST),
    "compare.json": lambda: encode(experiments.COMPARE),
    "error.json": lambda: encode_failure(FAILURE),
}


RESULTS = {
    "run": requests.RUN,
    "runs": given.RUN_LIST,
    "runs-show": requests.RUN_FACTS,
    "runs-remove": given.REMOVAL,
    "load": given.LOAD,
    "workload-compile": workloads.COMPILED,
    "workload-show": workloads.SHOWN,
    "workload-import": workloads.IMPORTED,
    "workload-fit": workloads.FITTED,
    "profile": profiles.PLAIN,
    "explain": requests.ONE_REQUEST,
    "compare": experiments.COMPARE,
    "sweep": experiments.SWEEP,
    "experiments": experiments.LIST,
    "report": experiments.EXPERIMENT_FACTS,
    "doctor": machines.DIAGNOSIS,
    "knobs": machines.KNOBS,
    "detect": machines.OVERVIEW,
    "init": machines.INITIALIZED,
    "selftest-load": machines.SELFTEST,
    "selftest-verdicts": machines.VERDICTS,
    "schema": schema_list(),
    "error": FailedResult(error=Failure(code="usage", exit_code=2, message="no", hint="", detail="")),
}


@pytest.mark.parametrize("name", OUTPUTS)
def test_output_is_as_stored(name: str) -> None:
    made = OUTPUTS[name]()
    copy = COPIES / name
    if os.environ.get("TAILTUNE_UPDATE_GOLDEN"):
        copy.write_text(made, encoding="utf-8")
    assert made == copy.read_text(encoding="utf-8")


def test_no_stored_copy_is_left_over() -> None:
    assert {path.name for path in COPIES.iterdir()} == set(OUTPUTS)


@pytest.mark.parametrize("name", [name for name in OUTPUTS if name.endswith(".txt")])
def test_text_fits_a_hundred_columns_without_color(name: str) -> None:
    lines = OUTPUTS[name]().splitlines()
    assert max(len(line) for line in lines) <= 100
    assert not any("\x1b" in line or line != line.rstrip() for line in lines)


def test_a_run_ends_with_its_bands_in_five_lines_at_most() -> None:
    text = run_result(requests.RUN)
    assert len(text.splitlines()) - len(run_result(given.RUN).splitlines()) <= 5
    *_, bands, where = text.split("\n\n")
    assert where.startswith("recording: ")
    assert [line.split("  ")[1] for line in bands.splitlines()[1:]] == ["p45-p55", "p90-p99", "above p99"]


def test_bars_fit_a_narrow_terminal() -> None:
    with fitted_to(80):
        lines = bands_headline(requests.BANDS)
    assert max(map(len, lines)) <= 80
    assert lines[-1].endswith("14 % computing, 82 % waiting")


@pytest.mark.parametrize("nothing", [None, replace(requests.BANDS, bands=[])])
def test_where_no_band_is_known_nothing_is_drawn(nothing: RequestBands | None) -> None:
    assert run_result(replace(given.RUN, requests=nothing)) == run_result(given.RUN)
    assert report(replace(given.RUN_FACTS, requests=nothing)) == report(given.RUN_FACTS)


@pytest.mark.parametrize("result", [given.EXPLANATION, requests.EXPLANATION])
def test_the_default_explanation_keeps_to_its_budget_and_says_what_it_left_out(result: ExplainResult) -> None:
    text = explanation(result)
    assert len(text.encode()) <= BUDGET_BYTES
    told, left = text.split("not shown: ")
    shown = sum(f"f{number}  " in told for number in range(1, 8))
    assert 1 <= shown < 7
    named = [f"f{number}" for number in range(shown + 1, 8) if f"f{number} " in left.replace("\n", " ")]
    assert named == [f"f{number}" for number in range(shown + 1, min(8, shown + 4))]
    assert (f"{7 - shown - 3} more finding" in left) == (shown < 4)


@pytest.mark.parametrize("name", TYPES)
def test_json_reads_back_into_the_type_of_its_schema(name: str) -> None:
    assert from_json(encode(RESULTS[name]).encode(), TYPES[name]) == RESULTS[name]


@pytest.mark.parametrize("name", TYPES)
def test_published_schemas_are_current(name: str) -> None:
    """Refresh with `tailtune schema --write docs/schemas`."""
    assert (SCHEMAS / f"{name}.json").read_text(encoding="utf-8") == schema_text(name)


def test_numbers_that_json_cannot_carry_are_refused() -> None:
    with pytest.raises(ValueError, match=r"result\.point is nan"):
        encode(given.estimate(float("nan"), None, None))
