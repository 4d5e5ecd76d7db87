"""Answers of two variants compared, and gates, with a small Go service built for each test."""

import os
import shutil
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import pytest
from tests.support.trials import Meddler, experiment_plan, open_bench, started

from tailtune.bundle.workspace import Workspace
from tailtune.judge.acceptance import why_withheld
from tailtune.judge.answers import compare_answers as judge
from tailtune.model.answer_rules import AnswerRules, Compare
from tailtune.model.answers import AnswersReport, GateResult
from tailtune.model.gates import Gates
from tailtune.model.project import Language, ReadyCheck, Service, Variant
from tailtune.model.recording import Kind
from tailtune.model.units import Duration
from tailtune.model.workload import Operation, Workload
from tailtune.record.phases import gates as gating
from tailtune.record.phases.answers import compare_answers
from tailtune.record.phases.bench import scratch
from tailtune.record.phases.player import Player
from tailtune.record.phases.service import Build, RunningService, build, start
from tailtune.record.ports import Quota

pytestmark = [pytest.mark.real, pytest.mark.skipif(shutil.which("go") is None, reason="there is no Go")]

MAIN = """package main

import (
	"fmt"
	"net/http"
	"os"
	"time"
)

var visits int

func main() {
	http.HandleFunc("/healthz", func(w http.ResponseWriter, r *http.Request) {})
	http.HandleFunc("/sum", func(w http.ResponseWriter, r *http.Request) {
		var a, b int
		fmt.Sscan(r.FormValue("a"), &a)
		fmt.Sscan(r.FormValue("b"), &b)
		fmt.Fprintf(w, `{"a":%d,"b":%d,"sum":%d}`, a, b, sum(a, b))
	})
	http.HandleFunc("/now", func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintf(w, `{"path":%q,"at":{"time":%d}}`, r.URL.Path, time.Now().UnixNano())
	})
	http.HandleFunc("/count", func(w http.ResponseWriter, r *http.Request) {
		visits++
		fmt.Fprintf(w, "visit %d", visits)
	})
	http.HandleFunc("/race", func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprint(w, touched())
	})
	http.ListenAndServe("127.0.0.1:"+os.Args[1], nil)
}
"""
RIGHT = "//go:build !wrong\n\npackage main\n\nfunc sum(a, b int) int { return a + b }\n"
WRONG = """//go:build wrong

package main

func sum(a, b int) int {
	if a == 7 {
		return a
	}
	return a + b
}
"""
CAREFUL = """//go:build !racy

package main

import "sync/atomic"

var touches atomic.Int64

func touched() int64 { return touches.Add(1) }
"""
RACY = """//go:build racy

package main

var touches int64

func touched() int64 {
	touches++
	return touches
}
"""
TEST = """package main

import "testing"

func TestSum(t *testing.T) {
	if sum(7, 8) != 15 {
		t.Fatal("seven and eight are not", sum(7, 8))
	}
}
"""
SERVICE = Service(language=Language.GO, args=["{port}"], ready=ReadyCheck(path="/healthz"))
SUM = Operation(name="sum", path="/sum?a={a}&b={b}", data={"a": [str(n) for n in range(10)], "b": ["1", "2"]})
NOW = Operation(name="now", path="/now")
COUNT = Operation(name="count", path="/count")
WRONGLY = Variant(tags=["wrong"])


@pytest.fixture
def root(tmp_path: Path) -> Iterator[Path]:
    files = {"main.go": MAIN, "right.go": RIGHT, "wrong.go": WRONG, "careful.go": CAREFUL, "racy.go": RACY}
    for name, text in (files | {"main_test.go": TEST, "go.mod": "module adder\n\ngo 1.24\n"}).items():
        (tmp_path / name).write_text(text)
    yield tmp_path
    assert started() == []


@contextmanager
def running(root: Path, name: str, variant: Variant) -> Iterator[RunningService]:
    artifact = build(SERVICE, name, variant, root, Workspace(root).builds)
    built = Build(name=name, variant=variant, artifact=artifact)
    devnull = Path(os.devnull)
    service = start(SERVICE, built, root=root, cpus=[], stdout=devnull, stderr=root / f"{name}.stderr")
    try:
        service.wait_ready()
        yield service
    finally:
        service.stop(grace=False)


def compared(root: Path, variant: Variant, *operations: Operation) -> tuple[AnswersReport, int]:
    """Return the report, and how often the baseline was started again."""
    workload = Workload(operations=list(operations), rate_per_s=200.0)
    again: list[str] = []
    with (
        open_bench(root, Kind.EXPERIMENT, Meddler()) as bench,
        bench.writer,
        scratch() as folder,
        running(root, "base", Variant()) as baseline,
        running(root, "other", variant) as candidate,
    ):
        player = Player(bench.engine, workload, root, folder)

        def once_more() -> AbstractContextManager[RunningService]:
            again.append("started")
            return running(root, "base", Variant())

        [report] = compare_answers(
            [baseline, candidate], player, seed=1, judge=judge, again=once_more, quota=Quota(requests=60)
        )
    return report, len(again)


def test_equal_answers_of_a_service_with_a_state(root: Path) -> None:
    report, again = compared(root, Variant(env={"OTHER": "1"}), SUM, COUNT)
    assert (report.asked, report.compared, report.differ, again) == (60, 60, False, 0)
    assert report.warnings == []


def test_one_operation_that_answers_wrongly(root: Path) -> None:
    report, again = compared(root, WRONGLY, SUM, COUNT, NOW)
    sums, counts, times = report.operations
    assert 0 < sums.differing < sums.compared
    assert sums.places == ["$.sum"]
    assert sums.first[0].baseline in ("8", "9")
    assert sums.first[0].candidate == "7"
    assert (counts.differing, times.differing, again) == (0, 0, 1)
    assert times.volatile == ["$.at.time"]
    assert 'ignore = ["$.at.time"]' in times.note
    assert why_withheld(report).startswith("answers differ: sum in")


@pytest.mark.parametrize(
    "rules",
    [
        AnswerRules(ignore=["*.time"]),
        AnswerRules(replace={r'"time":\d+': '"time":0'}),
        AnswerRules(compare=Compare.STATUS),
        AnswerRules(compare=Compare.LENGTH),
    ],
)
def test_a_volatile_field_with_a_rule_needs_no_second_start(root: Path, rules: AnswerRules) -> None:
    told = Operation(name="now", path="/now", answers=rules)
    report, again = compared(root, Variant(env={"OTHER": "1"}), told)
    assert (report.compared, report.differ, again) == (60, False, 0)
    assert report.operations[0].note == ""


def gated(root: Path, gates: Gates, **variants: Variant) -> tuple[list[GateResult], dict[str, str]]:
    """Return the results, and what was kept of the output by file name."""
    plan = experiment_plan(root, SERVICE, epochs=1, base=Variant(), other=Variant())
    operations = [SUM, Operation(name="race", path="/race")]
    workload = Workload(operations=operations, rate_per_s=200.0)
    with open_bench(root, Kind.EXPERIMENT, Meddler()) as bench, bench.writer, scratch() as folder:
        builds = [
            Build(name=name, variant=variant, artifact=build(SERVICE, name, variant, root, plan.cache))
            for name, variant in variants.items()
        ]
        results = gating.run_gates(plan, gates, builds, bench, Player(bench.engine, workload, root, folder))
        logs = {path.name: path.read_text() for path in (bench.writer.path / "logs").iterdir()}
    return results, logs


def test_a_failing_test_command_is_the_candidates_fault_alone(root: Path) -> None:
    results, logs = gated(root, Gates(test=["go", "test", "./..."]), base=Variant(), other=WRONGLY)
    assert [(one.variant, one.passed) for one in results] == [("base", True), ("other", False)]
    assert "exit status 1" in results[1].reason
    assert "seven and eight are not 7" in logs["other.test.txt"]
    assert why_withheld(None, results) == "other fails the gate test"


def test_equal_variants_share_a_test_and_a_slow_one_is_ended(root: Path) -> None:
    other = Variant(knobs={"gogc": "400"})
    gates = Gates(test=["sleep", "60"], test_timeout=Duration.from_seconds(0.3))
    results, logs = gated(root, gates, base=Variant(), other=other)
    assert [one.passed for one in results] == [False, False]
    assert "longer than 300ms" in results[0].reason
    assert list(logs) == ["base.test.txt"]
    assert why_withheld(None, results) == ""


def test_what_was_built_elsewhere_has_no_gate(root: Path) -> None:
    artifact = build(SERVICE, "base", Variant(), root, Workspace(root).builds)
    other = Build(name="other", variant=Variant(binary=artifact.path), artifact=artifact)
    plan = experiment_plan(root, SERVICE, epochs=1, base=Variant(), other=other.variant)
    with open_bench(root, Kind.EXPERIMENT, Meddler()) as bench, bench.writer, scratch() as folder:
        player = Player(bench.engine, Workload(operations=[SUM]), root, folder)
        [result] = gating.run_gates(plan, Gates(test=["false"]), [other], bench, player)
    assert (result.passed, result.log) == (True, "")
    assert "built elsewhere" in result.reason


def test_a_command_that_is_not_there_fails_the_gate(root: Path) -> None:
    results, _ = gated(root, Gates(test=["no-such-tool"]), base=Variant())
    assert not results[0].passed
    assert "not installed" in results[0].reason


@pytest.mark.skipif(shutil.which("gcc") is None, reason="the race detector needs a C compiler")
def test_a_data_race_is_caught(root: Path) -> None:
    gates = Gates(race=True, race_duration=Duration.from_seconds(1.0))
    results, logs = gated(root, gates, base=Variant(), racy=Variant(tags=["racy"]))
    assert [(one.name, one.passed) for one in results] == [("race", True), ("race", False)]
    assert "the race detector reported" in results[1].reason
    assert "touched" in logs["racy.race.txt"]
    assert logs["base.race.txt"] == ""
