"""`tailtune profile` on files, and what is asked of processes and services."""

import contextlib
import io
import json
import re
import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from tests.support.pprof import encode
from tests.support.profiles import CPU, PERIOD_NS, cpu_profile, heap_profile, service_profile

from tailtune._native import Profile
from tailtune.cli.progress import QuietProgress
from tailtune.errors import NativeError, NothingMeasuredError, RunInterruptedError, SetupError, UsageError
from tailtune.lab import profile_source
from tailtune.lab.profile import profile
from tailtune.lab.profile_source import Taking
from tailtune.lab.profile_views import Keep, Look
from tailtune.model.profile_view import ProfileResult, SourceKind

if TYPE_CHECKING:
    from tailtune.model.icicle import IcicleSource


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "shop.pb.gz").write_bytes(service_profile().to_pprof())


def look_at(source: str = "shop.pb.gz", look: Look | None = None, **more: Any) -> ProfileResult:
    return profile(source, Path.cwd(), more.pop("taking", Taking()), look or Look(), progress=QuietProgress(), **more)


def test_a_file_is_opened_by_its_content(tmp_path: Path) -> None:
    (tmp_path / "odd-name").write_bytes((tmp_path / "shop.pb.gz").read_bytes())
    result = look_at("odd-name")
    assert (result.source.kind, result.source.name, result.seconds) == (SourceKind.FILE, "odd-name", 10.0)
    [table] = result.tables
    assert (table.title, table.kind, table.rows[0].name) == ("cpu", "cpu", "main.hash")
    assert table.rows[0].own == 400 * PERIOD_NS


def test_a_profile_comes_from_stdin_as_well(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    data = io.BytesIO((tmp_path / "shop.pb.gz").read_bytes())
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=data))
    result = look_at("-")
    assert (result.source.name, result.tables[0].rows[0].name) == ("stdin", "main.hash")


def test_what_is_nothing_says_what_could_be_given() -> None:
    with pytest.raises(UsageError, match="`no-such-thing` is no file, no recording") as caught:
        look_at("no-such-thing")
    assert "PID" in caught.value.hint


@pytest.mark.parametrize("content", [b"", b"<html>", b"\x1f\x8b\x08garbage"])
def test_a_file_that_holds_no_profile_is_an_error(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "bad").write_bytes(content)
    with pytest.raises((NativeError, UsageError)):
        look_at("bad")


def test_a_file_without_samples_measures_nothing(tmp_path: Path) -> None:
    (tmp_path / "empty.pb.gz").write_bytes(encode({}, CPU))
    with pytest.raises(NothingMeasuredError, match=r"empty\.pb\.gz holds no samples"):
        look_at("empty.pb.gz")


def test_the_value_is_the_one_asked_for_or_the_most_telling(tmp_path: Path) -> None:
    (tmp_path / "heap").write_bytes(heap_profile([(("main.grow", "main.main"), 10, 4096)]).to_pprof())
    assert look_at("heap").tables[0].kind == "alloc_space"
    assert look_at("heap", Look(value="alloc_objects")).tables[0].total == 10
    with pytest.raises(UsageError, match="only alloc_objects, alloc_space"):
        look_at("heap", Look(value="cpu"))


def test_few_samples_are_said_to_be_few(tmp_path: Path) -> None:
    (tmp_path / "few").write_bytes(cpu_profile({("main.a",): 3}).to_pprof())
    assert any("3 samples are few" in warning for warning in look_at("few").warnings)
    assert not look_at().warnings


def test_each_format_holds_what_the_table_says(tmp_path: Path) -> None:
    outputs = ["a.pb.gz", "a.pprof", "a.folded", "a.collapsed", "a.txt", "a.json", "collapsed:plain"]
    result = look_at(outputs=outputs)
    total = sum(Profile.from_pprof((tmp_path / "a.pb.gz").read_bytes()).values(0))
    assert total == result.tables[0].samples == 952
    assert (tmp_path / "a.pprof").read_bytes() == (tmp_path / "a.pb.gz").read_bytes()
    lines = (tmp_path / "plain").read_text().splitlines()
    assert f"main.main;main.serve;main.hash {400 * PERIOD_NS}" in lines
    assert {(tmp_path / name).read_text() for name in ("a.folded", "a.collapsed", "a.txt")} == {"\n".join(lines) + "\n"}
    assert json.loads((tmp_path / "a.json").read_text())["tables"][0]["rows"][0]["name"] == "main.hash"
    assert result.written == [*outputs[:-1], "plain"]


def test_speedscope_weighs_what_the_table_does(tmp_path: Path) -> None:
    table = look_at(outputs=["a.speedscope.json"]).tables[0]
    written = json.loads((tmp_path / "a.speedscope.json").read_text())
    [only] = written["profiles"]
    assert (only["unit"], only["endValue"], sum(only["weights"])) == ("nanoseconds", table.total, table.total)
    names = [frame["name"] for frame in written["shared"]["frames"]]
    assert ["main.main", "main.serve", "main.hash"] in [[names[at] for at in stack] for stack in only["samples"]]


def test_the_firefox_profiler_gets_one_sample_a_stack_of_sums() -> None:
    total = look_at(outputs=["a.firefox.json"]).tables[0].total
    written = json.loads(Path("a.firefox.json").read_text())
    [thread] = written["threads"]
    assert written["meta"]["preprocessedProfileVersion"] == 54
    assert (thread["name"], thread["samples"]["weightType"]) == ("shop.pb.gz", "tracing-ms")
    assert sum(thread["samples"]["weight"]) == pytest.approx(total / 1e6)
    assert {"main.main", "main.serve", "main.hash"} <= set(thread["stringArray"])


def test_values_are_summed_by_thread_where_single_samples_are_known() -> None:
    script = Path(__file__).parents[3] / "crates/profile/tests/data/clock.script"
    plain = look_at(str(script)).tables[0]
    table = look_at(str(script), Look(by="thread", tree=True)).tables[0]
    assert (table.by, table.total, table.samples) == ("thread", plain.total, plain.samples)
    assert all(re.fullmatch(r".+ \(\d+\)", row.name) and row.own == row.cumulative for row in table.rows)
    assert sum(row.own for row in table.rows) == plain.total
    assert table.tree is not None
    assert len(table.tree.nodes) > 2
    focused = look_at(str(script), Look(by="thread", keep=Keep(thread=re.escape(table.rows[0].name.split(" (")[0]))))
    assert focused.tables[0].rows[0].own == table.rows[0].own


def test_values_are_summed_by_label() -> None:
    stacks = {("hash", "serve"): (3, 30), ("sort", "serve"): (4, 40), ("read", "serve"): (2, 20), ("gc",): (1, 10)}
    paths = {"hash": "/a", "sort": "/a", "read": "/b"}
    routes: dict[tuple[str, ...], tuple[str, str]] = {}
    for leaf, path in paths.items():
        routes[leaf, "serve"] = ("route", path)
    Path("labelled").write_bytes(encode(stacks, CPU, labels=routes))
    rows = look_at("labelled", Look(by="label:route")).tables[0].rows
    assert [(row.name, row.own, row.cumulative) for row in rows] == [
        ("/a", 70, 70),
        ("/b", 20, 20),
        ("(without this label)", 10, 10),
    ]
    assert rows[0].own_share.n == 7


@pytest.mark.parametrize("by", ["thread", "label:route", "label:", "colour"])
def test_what_a_profile_cannot_be_summed_by_is_an_error(by: str) -> None:
    with pytest.raises(UsageError, match=r"not known|no stack|unknown"):
        look_at(look=Look(by=by))


def test_neither_threads_nor_labels_are_compared() -> None:
    script = str(Path(__file__).parents[3] / "crates/profile/tests/data/clock.script")
    with pytest.raises(UsageError, match="--diff does not compare by thread"):
        look_at(script, Look(by="thread"), diff=script)


def test_filters_apply_to_tables_files_and_comparisons(tmp_path: Path) -> None:
    look = Look(keep=Keep(focus="^main.hash$"))
    result = look_at(look=look, outputs=["a.folded"], diff="shop.pb.gz")
    assert result.tables[0].samples == 400
    assert (tmp_path / "a.folded").read_text() == f"main.main;main.serve;main.hash {400 * PERIOD_NS}\n"
    assert result.diff is not None
    assert result.diff.base.samples == result.diff.candidate.samples == 400
    assert look_at(look=Look(keep=Keep(ignore="hash"))).tables[0].samples == 552


@pytest.mark.parametrize(
    ("keep", "told"),
    [
        (Keep(thread="x"), "threads are not known"),
        (Keep(begin_s=1.0), "times are not known"),
        (Keep(end_s=1.0), "times are not known"),
        (Keep(focus="("), "^a pattern is no regular expression: unclosed group$"),
    ],
)
def test_what_a_profile_cannot_be_filtered_by_is_an_error(keep: Keep, told: str) -> None:
    with pytest.raises(UsageError, match=told):
        look_at(look=Look(keep=keep))


def test_what_cannot_be_opened_is_named(tmp_path: Path) -> None:
    (tmp_path / "cut.pb.gz").write_bytes((tmp_path / "shop.pb.gz").read_bytes()[:99])
    with pytest.raises(NativeError, match=r"^cut\.pb\.gz: not a usable pprof profile"):
        look_at("cut.pb.gz")
    with pytest.raises(UsageError, match="is a folder"):
        look_at(str(tmp_path))
    with pytest.raises(UsageError, match="does not exist"):
        look_at("./absent.pb.gz")
    with pytest.raises(UsageError, match="Unix socket") as caught:
        look_at("unix:///run/shop.sock")
    assert "--unix-socket" in caught.value.hint


def test_filters_that_leave_nothing_say_so() -> None:
    with pytest.raises(NothingMeasuredError, match="left by the filters"):
        look_at(look=Look(keep=Keep(focus="no-such-function")))


@pytest.mark.parametrize("name", ["a.svg", "a.gz", "plain", "svg:a"])
def test_a_name_that_tells_no_format_is_refused_before_anything_is_read(name: str) -> None:
    with pytest.raises(UsageError, match="the name does not tell the format") as caught:
        look_at("no-such-thing", outputs=[name])
    assert ".pb.gz" in caught.value.hint
    assert ".folded" in caught.value.hint


def test_a_file_that_cannot_be_written_is_refused_before_anything_is_read() -> None:
    with pytest.raises(SetupError, match="no-folder"):
        look_at("no-such-thing", outputs=["no-folder/a.pb.gz"])


def test_a_base_is_compared_with(tmp_path: Path) -> None:
    (tmp_path / "base.pb.gz").write_bytes(service_profile(hashing=200).to_pprof())
    result = look_at(diff="base.pb.gz")
    assert result.diff is not None
    changed = next(one for one in result.diff.functions if one.name == "main.hash")
    assert (changed.own.base_samples, changed.own.candidate_samples) == (200, 400)
    assert changed.own.change.is_significant


def test_the_lines_of_a_function_come_with_their_text_or_the_reason_why_not() -> None:
    listing = look_at(look=Look(listed=["main.hash"])).listings[0]
    assert listing.lines[0].own == 400 * PERIOD_NS
    assert "not readable here" in listing.note


def test_a_view_with_keys_gets_the_profile() -> None:
    given: list[IcicleSource] = []
    look_at(look=Look(value="samples"), on_profile=given.append)
    assert given[0].first_value == 0
    assert "main.hash" in given[0].tree(0, bottom_up=False).names


OFF_CPU = Profile.from_pprof(
    encode(
        {("futex", "runtime.futexsleep", "runtime.findRunnable"): (5, 700, 1), ("read", "main.a"): (9, 260, 1)},
        (("switches", "count"), ("blocked", "nanoseconds"), ("runnable", "nanoseconds")),
    )
)


class FakeSampler:
    """Stands for the kernel: hands over a profile when it is stopped."""

    mode, lost_note = "fake events", "kernel stacks: ask root"
    found = cpu_profile({("main.a", "main.main"): 500})

    def __init__(self, pid: int, hz: int, *, off_cpu: bool, event: tuple[str, int] | None, dwarf: bool) -> None:
        self.off_cpu = OFF_CPU if off_cpu else None

    def start(self) -> None:
        """Nothing to start."""

    def stop(self, progress: Callable[[int, int], None]) -> Any:
        progress(1, 1)
        return SimpleNamespace(
            on_cpu=self.found, off_cpu=self.off_cpu, event=None, lost=3, warnings=[], mode=self.mode,
            threads=lambda: [(43, 42, "worker", 100, 10, 20, 69, 5, 1), (42, 42, "shop", 100, 60, 10, 30, 7, 0)],
        )  # fmt: skip


@pytest.fixture
def process(monkeypatch: pytest.MonkeyPatch) -> Any:
    """A process that is alive until told otherwise, and a sampler that needs no kernel."""
    from tailtune import _native

    found = SimpleNamespace(pid=42, name="shop", command="/srv/shop -v", is_alive=True)
    monkeypatch.setattr(profile_source, "process_of", lambda _: found)
    monkeypatch.setattr(_native, "Sampler", FakeSampler)
    return found


def test_a_process_is_sampled_and_the_mode_is_named(process: Any) -> None:
    result = look_at("42", taking=Taking(seconds=0.01))
    assert (result.source.kind, result.source.pid, result.source.command) == (SourceKind.PROCESS, 42, "/srv/shop -v")
    assert (result.mode, result.lost_note, result.interrupted) == ("fake events", "kernel stacks: ask root", False)
    assert result.tables[0].title == "on-CPU"


def test_off_the_cpu_waiting_is_told_from_idling(process: Any, tmp_path: Path) -> None:
    result = look_at("42", taking=Taking(seconds=0.01, off_cpu=True), outputs=["a.pb.gz", "a.json"])
    assert [(table.title, table.total) for table in result.tables] == [("on-CPU", 500 * PERIOD_NS), ("waiting", 260)]
    assert [(place.meaning, place.blocked_ns) for place in result.idle] == [
        ("Go: a worker without a goroutine to run", 700)
    ]
    assert [(thread.name, thread.wall_ns) for thread in result.threads] == [("shop", 100), ("worker", 100)]
    assert any("Go parks goroutines" in warning for warning in result.warnings)
    assert sum(Profile.from_pprof((tmp_path / "a.off-cpu.pb.gz").read_bytes()).values(1)) == 960
    assert (result.lost, (tmp_path / "a.off-cpu.json").exists()) == (3, False)
    again = look_at("a.off-cpu.pb.gz")
    assert [(table.title, table.total) for table in again.tables] == [("waiting", 260)]
    assert again.idle == result.idle


def test_a_process_that_is_only_idle_is_shown_as_idle(process: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(FakeSampler, "found", cpu_profile({}))
    result = look_at("42", Look(keep=Keep(focus="findRunnable")), taking=Taking(seconds=0.01, off_cpu=True))
    assert [table.total for table in result.tables] == [0, 0]
    assert [place.blocked_ns for place in result.idle] == [700]


def test_a_process_that_ends_early_leaves_what_was_taken(process: Any) -> None:
    process.is_alive = False
    result = look_at("42", taking=Taking(seconds=1000))
    assert result.tables[0].samples == 500
    assert any("shop (PID 42) ended after 0.0 s" in warning for warning in result.warnings)


@pytest.mark.usefixtures("process")
def test_where_no_code_is_seen_the_places_of_waiting_are_shown_unasked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(FakeSampler, "mode", "/proc: thread states and wait channels")
    result = look_at("42", taking=Taking(seconds=0.01))
    assert [(table.title, table.by) for table in result.tables] == [
        ("on-CPU", "state"),
        ("waiting", "place of waiting"),
    ]
    by_line = look_at("42", Look(by="line"), taking=Taking(seconds=0.01))
    assert [table.by for table in by_line.tables] == ["line", "line"]


def test_an_idle_process_measures_nothing_but_may_wait(process: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(FakeSampler, "found", cpu_profile({}))
    with pytest.raises(NothingMeasuredError, match="shop used no CPU") as caught:
        look_at("42", taking=Taking(seconds=0.01))
    assert "--off-cpu" in caught.value.hint


def test_ctrl_c_keeps_what_was_taken(process: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    class Impatient(QuietProgress):
        def __init__(self, at: str) -> None:
            self.at, self.name = at, ""

        def phase(self, name: str, note: str = "") -> None:
            self.name = name

        def advance(self, done: float, total: float, note: str = "") -> None:
            if self.name == self.at:
                raise KeyboardInterrupt

    result = profile("42", Path.cwd(), Taking(seconds=1000), Look(), progress=Impatient("sample"))
    assert result.interrupted
    assert result.tables[0].samples == 500
    monkeypatch.setattr(FakeSampler, "found", cpu_profile({}))
    with pytest.raises(RunInterruptedError, match="before shop was sampled"):
        profile("42", Path.cwd(), Taking(seconds=1000), Look(), progress=Impatient("sample"))
    with pytest.raises(RunInterruptedError, match="while naming"):
        profile("42", Path.cwd(), Taking(seconds=0.01), Look(), progress=Impatient("symbols"))


def test_a_service_is_asked_for_the_kind_and_the_seconds(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    asked = []

    def pull(one: Any) -> bytes:
        asked.append(one.url)
        return (tmp_path / "shop.pb.gz").read_bytes()

    monkeypatch.setattr(profile_source, "pull", pull)
    result = look_at("http://127.0.0.1:6060", taking=Taking(seconds=3))
    assert asked == ["http://127.0.0.1:6060/debug/pprof/profile?seconds=3"]
    assert (result.source.kind, result.tables[0].title) == (SourceKind.URL, "cpu")


def test_a_service_that_fails_is_told_in_the_main_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    def pull(_: object) -> bytes:
        raise SetupError("it does not answer")

    monkeypatch.setattr(profile_source, "pull", pull)
    with pytest.raises(SetupError, match="it does not answer"):
        look_at("http://127.0.0.1:6060")


def test_a_program_is_no_profile_so_its_process_is_meant(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "shop").write_bytes(b"\x7fELF and so on")
    wanted: list[str] = []
    monkeypatch.setattr(profile_source, "process_named", wanted.append)
    with contextlib.suppress(UsageError):
        look_at("shop")
    assert wanted == ["shop"]
