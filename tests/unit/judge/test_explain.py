"""Rules together: discovery, order, and the folding of what overlaps."""

import dataclasses
import importlib
import pkgutil

import msgspec
import pytest
from tests.support.facts import collections, facts
from tests.support.pprof import encode
from tests.support.recordings import ENVIRONMENT, latency, load_report, manifest, record, table

from tailtune.bundle import Bundle, BundleWriter, Workspace
from tailtune.errors import NothingMeasuredError, UsageError
from tailtune.judge import rules
from tailtune.judge.explain import all_rules, explain, rank
from tailtune.judge.facts import Facts
from tailtune.judge.summary import summarize
from tailtune.model.finding import Finding
from tailtune.model.load import Reason, Validity
from tailtune.model.recording import Kind

GO = "runtime.goexit;net/http.(*conn).serve;main.(*service).search"
MARKDOWN = {
    f"{GO};main.plain;regexp.MustCompile;regexp.compile;runtime.mallocgc": 60,
    f"{GO};main.plain;regexp.MustCompile;regexp.compile": 140,
    f"{GO};main.plain;strings.Replace;runtime.mallocgc": 100,
    "runtime.gcBgMarkWorker;runtime.scanobject": 100,
    f"{GO};main.rank": 350,
    f"{GO};main.plain": 100,
    "runtime.mcall;runtime.schedule": 150,
}
"""1,000 samples of a service that compiles expressions and allocates; 100 of main.plain are its own."""


def ids(given: Facts) -> list[str]:
    return [finding.id for finding in rank(given)]


def test_every_module_is_a_rule_with_its_own_name():
    modules = [module.name for module in pkgutil.iter_modules(rules.__path__)]
    assert len(modules) >= 12
    assert len({rule.id for rule in all_rules()}) == len(modules)
    for name in modules:
        assert importlib.import_module(f"{rules.__name__}.{name}").__doc__


def test_specific_causes_come_first_and_what_restates_them_is_left_out():
    assert ids(facts(MARKDOWN)) == ["allocation", "recomputation:compiled-regular-expression", "hot-function:main.rank"]


def test_allocation_inside_a_constructor_belongs_to_the_constructor():
    elsewhere = f"{GO};main.plain;runtime.mallocgc"
    stacks = {f"{GO};main.plain;regexp.MustCompile;runtime.mallocgc": 300, elsewhere: 50, "runtime.mcall": 650}
    assert ids(facts(stacks)) == ["recomputation:compiled-regular-expression"]
    stacks[elsewhere] = 250
    assert ids(facts(stacks)) == ["allocation", "recomputation:compiled-regular-expression"]


def test_a_calm_run_has_no_findings():
    assert ids(facts({"runtime.mcall;runtime.schedule": 1000})) == []
    assert ids(facts(None)) == []


def test_an_invalid_load_is_the_first_finding():
    reasons = [Reason(code="rate", validity=Validity.INVALID, message="m", remedy="r")]
    assert ids(facts(MARKDOWN, reasons=reasons))[0] == "generator-limited:rate"


def test_remarks_come_last():
    found = ids(facts(MARKDOWN, cores=0.9))
    assert found[-1] == "utilization"
    assert len(found) == 4


def test_the_larger_saving_comes_first():
    mostly_compiling = MARKDOWN | {f"{GO};main.plain;regexp.MustCompile;regexp.compile": 900}
    assert ids(facts(mostly_compiling))[0] == "recomputation:compiled-regular-expression"
    costly = facts(MARKDOWN, gc=collections(cpu_share=0.5, assist_share=0.1))
    assert ids(costly).index("garbage-collection") > ids(costly).index("allocation")


def test_findings_are_complete():
    given = facts(MARKDOWN, cores=0.9, gc=collections(cpu_share=0.3))
    assert len(rank(given)) >= 5
    for finding in rank(given):
        assert_complete(finding)


def assert_complete(finding: Finding) -> None:
    texts = (finding.title, finding.disproof, finding.proposal, finding.share_of)
    assert all(text.strip() for text in texts)
    assert finding.id.split(":")[0] == finding.rule
    assert finding.confirm.startswith("tailtune ")
    assert finding.evidence
    assert finding.share.low is not None
    assert finding.share.high is not None
    assert 0 <= finding.share.low <= finding.share.point <= finding.share.high
    assert finding.share.high <= 1


def test_experiments_name_the_workload_and_variant_of_the_run():
    given = facts(MARKDOWN, cores=0.9, gc=collections(cpu_share=0.3))
    plain = {finding.rule: finding.confirm for finding in rank(given)}
    assert plain["allocation"] == "tailtune compare HEAD worktree  # after the edit"
    assert plain["utilization"] == "tailtune run --rate 56"
    named = dataclasses.replace(
        given,
        manifest=msgspec.structs.replace(given.manifest, workload_name="peak"),
        summary=msgspec.structs.replace(given.summary, variant="fast"),
    )
    commands = {finding.rule: finding.confirm for finding in rank(named)}
    assert commands["allocation"].startswith("tailtune compare HEAD worktree --workload peak  # after")
    assert commands["garbage-collection"] == (
        'tailtune compare base gogc400 --workload peak  # with env = { GOGC = "400" } under [variants.gogc400]'
    )
    assert commands["utilization"] == "tailtune run --rate 56 --workload peak --variant fast"


def test_savings_grow_with_utilization():
    low, high = facts({}, cores=0.1), facts({}, cores=0.9)
    assert low.saving(0.3) < high.saving(0.3)
    assert 0 < low.saving(0.1) < low.saving(0.5) < 1
    assert facts({}, cpu=None).saving(0.3) == 0.3


def test_a_recording_is_explained(tmp_path):
    stacks = {tuple(reversed(stack.split(";"))): (count, count * 10**6) for stack, count in MARKDOWN.items()}
    profile = encode(stacks, [("samples", "count"), ("cpu", "nanoseconds")])
    with BundleWriter.create(Workspace(tmp_path), Kind.RUN) as writer:
        writer.add_table("latency", latency(range(1, 2001)))
        writer.add_file("profiles/on-cpu.diagnose.pb.gz", profile)
        writer.add_file("profiles/go-mutex.measure.pb.gz", b"damaged")
        bundle = Bundle.open(writer.finish(manifest(load=load_report())))
    found = explain(bundle)
    assert [finding.id for finding in found][:2] == ["allocation", "recomputation:compiled-regular-expression"]
    assert found[0].evidence[0].source == "profiles/on-cpu.diagnose.pb.gz"


def test_what_the_processor_counted_and_sampled_is_explained(tmp_path):
    walk = ("main.walk", "main.serve")
    busy = encode(
        {walk: (800, 8 * 10**8), ("main.rest",): (200, 2 * 10**8)}, (("samples", "count"), ("cpu", "nanoseconds"))
    )
    missed = encode(
        {walk: (450, 450 * 101), ("main.rest",): (50, 50 * 101)}, (("samples", "count"), ("misses", "count"))
    )
    counted = {"cycles": 8 * 10**9, "instructions": 2 * 10**9, "cache-misses": 3 * 10**7}
    with BundleWriter.create(Workspace(tmp_path), Kind.RUN) as writer:
        writer.add_table("latency", latency(range(1, 1001)))
        edges = [{"window": "measure", "t_ns": at * 10**9, "cpu_user_ns": at * 4 * 10**8} for at in range(11)]
        writer.add_table("process", table("process", edges))
        rows = [{"window": "measure", "event": event, "count": count} for event, count in counted.items()]
        writer.add_table("counters", table("counters", rows))
        writer.add_file("profiles/on-cpu.diagnose.pb.gz", busy)
        writer.add_file("profiles/cache-misses.diagnose.pb.gz", missed)
        intel = msgspec.structs.replace(ENVIRONMENT, cpu_model="Intel(R) Core(TM) i7-12700")
        bundle = Bundle.open(writer.finish(manifest(load=load_report(), environment=intel)))
    [found] = [finding for finding in explain(bundle) if finding.rule == "cache-unfriendly"]
    assert found.id == "cache-unfriendly:main.walk"
    # 30,000 misses a request, 90 % of them in the function: 2.16 of the 4 ms that it takes.
    assert found.share.point == pytest.approx(0.54)
    counters = summarize(bundle).measure.counters
    assert counters is not None
    assert (counters.instructions_per_request, counters.instructions_per_cycle) == (2e6, 0.25)


def test_what_cannot_be_explained_is_refused(tmp_path):
    workspace = Workspace(tmp_path)
    with pytest.raises(UsageError, match="is an experiment"):
        explain(Bundle.open(workspace.run(record(workspace, kind=Kind.EXPERIMENT))))
    with pytest.raises(NothingMeasuredError):
        explain(Bundle.open(workspace.run(record(workspace, []))))
