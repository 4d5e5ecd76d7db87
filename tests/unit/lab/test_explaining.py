"""What commands make of a recorded run: the same division of its requests, done once."""

from pathlib import Path

import pytest
from tests.support.request_stories import recorded, service

from tailtune.errors import UsageError
from tailtune.judge.request_parts import RequestParts, divide
from tailtune.judge.request_tables import WindowTables
from tailtune.lab.explain import explain
from tailtune.lab.facts import facts_of
from tailtune.lab.run import result_of


def test_run_report_and_explain_tell_the_same_bands(tmp_path: Path) -> None:
    bundle = recorded(tmp_path, service())
    told = explain(tmp_path, bundle.id).requests
    assert told is not None
    assert [band.name for band in told.bands] == ["p45-p55", "p90-p99", "above p99"]
    assert result_of(bundle, None).requests == told
    assert facts_of(bundle).requests == told


def test_requests_are_divided_once_whatever_is_asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    bundle = recorded(tmp_path, service())
    divisions = []

    def counted(tables: WindowTables, *, turns: bool) -> RequestParts:
        divisions.append(tables)
        return divide(tables, turns=turns)

    monkeypatch.setattr("tailtune.judge.request_bands.divide", counted)
    told = explain(tmp_path, bundle.id, band="p90-p95", request="r957")
    assert told.requests is not None
    assert [band.name for band in told.requests.bands] == ["p90-p95"]
    assert told.timeline is not None
    assert told.timeline.request == "r957"
    assert len(divisions) == 1


def test_a_finding_is_told_with_its_stacks_and_requests(tmp_path: Path) -> None:
    bundle = recorded(tmp_path, service())
    told = explain(tmp_path, bundle.id, finding="thread-lock:cache::get")
    assert told.finding is not None
    assert told.finding.finding == told.findings[0]
    (stack,) = told.finding.stacks
    assert stack.source == "tables/waits.parquet"
    assert stack.functions[0] == "syscall"
    assert stack.functions[-2:] == ["cache::get", "handler::answer"]
    assert (stack.share, stack.count) == (1.0, 20)
    requests = told.finding.requests
    assert [one.request for one in requests] == ["r1957", "r1907", "r1857", "r1807", "r1757"]
    assert [one.spent_ns for one in requests] == [5_900_000, 5_800_000, 5_700_000, 5_600_000, 5_500_000]
    assert all(one.latency_ns == one.spent_ns + 1_100_000 for one in requests if one.spent_ns)
    longest = told.finding.waits[0]
    assert (longest.request, longest.part, longest.length_ns) == ("r1957", "lock", 5_900_000)
    assert (longest.begin_ns, longest.tid, longest.place) == (500_000, 7, "cache::get")
    assert [one.length_ns for one in told.finding.waits] == [one.spent_ns for one in requests]


@pytest.mark.parametrize("handle", ["f1", " f1", "thread-lock"])
def test_a_findings_number_and_its_rule_name_it_as_well(tmp_path: Path, handle: str) -> None:
    bundle = recorded(tmp_path, service())
    told = explain(tmp_path, bundle.id, finding=handle).finding
    assert told is not None
    assert told.finding.id == "thread-lock:cache::get"


@pytest.mark.parametrize("handle", ["f0", "f9", "thread-lock:", "cache::get", "r1"])
def test_an_unknown_finding_is_refused_with_those_there_are(tmp_path: Path, handle: str) -> None:
    bundle = recorded(tmp_path, service())
    with pytest.raises(UsageError, match="no finding is called") as refused:
        explain(tmp_path, bundle.id, finding=handle)
    assert "thread-lock:cache::get" in refused.value.hint


def test_a_run_without_findings_says_so(tmp_path: Path) -> None:
    bundle = recorded(tmp_path, service(200, slow=1000))
    with pytest.raises(UsageError) as refused:
        explain(tmp_path, bundle.id, finding="f1")
    assert refused.value.hint == "the run has no findings"


@pytest.mark.parametrize("other", [{"band": "p99"}, {"request": "r1"}])
def test_a_finding_stands_alone(tmp_path: Path, other: dict[str, str]) -> None:
    with pytest.raises(UsageError, match="alone"):
        explain(tmp_path, "latest", finding="f1", **other)
