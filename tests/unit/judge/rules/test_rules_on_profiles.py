"""Rules that read stacks: the smallest profile that triggers each, and a near miss that must not."""

import dataclasses

import msgspec
import numpy as np
import pytest
from tests.support import request_results
from tests.support.facts import apply, facts, one
from tests.support.request_results import part

from tailtune.judge.stackprofile import Frame, StackProfile
from tailtune.judge.tail import SizedTimes
from tailtune.model.finding import Group, Strength
from tailtune.model.request_parts import PartKind

GO = "runtime.goexit;net/http.(*conn).serve;main.(*service).search"
RUST = "start_thread;tokio::runtime::task::raw::poll;my_service::http::suggest"


def test_recomputation_names_what_is_built_and_where():
    stacks = {
        f"{GO};main.highlight;regexp.MustCompile;regexp.compile;regexp/syntax.Parse;runtime.mallocgc": 30,
        f"{GO};main.plain;regexp.MustCompile;regexp.compile": 10,
        f"{GO};main.render;github.com/yuin/goldmark.New": 20,
        f"{GO};main.plain;regexp.(*Regexp).ReplaceAllString": 40,
    }
    cause = one("recomputation", facts(stacks))
    assert cause.finding.id == "recomputation:compiled-regular-expression"
    assert cause.finding.title == (
        "a compiled regular expression and a Markdown engine is built again for each request: 60.0 % of CPU time, in "
        "main.highlight (50 %), main.render (33 %), main.plain (17 %)"
    )
    assert cause.finding.share.point == 0.6
    assert cause.finding.group is Group.ALGORITHM
    assert [evidence.count for evidence in cause.finding.evidence] == [40, 20]


@pytest.mark.parametrize(
    "constructor",
    [
        "regex::regex::string::Regex::new",
        "<regex::regex::string::Regex>::new",
        "regex::builders::string::RegexBuilder::build",
        "regex_automata::meta::regex::Builder::build_many",
        "html/template.(*Template).Parse",
        "text/template.ParseFiles",
        "<tera::tera::Tera>::new",
        "minijinja::environment::Environment::add_template",
        "github.com/santhosh-tekuri/jsonschema/v6.(*Compiler).Compile",
        "jsonschema::validator_for",
        "aho_corasick::ahocorasick::AhoCorasickBuilder::build",
        "reqwest::async_impl::client::ClientBuilder::build",
        "time.LoadLocation",
    ],
)
def test_constructors_that_are_known(constructor):
    assert one("recomputation", facts({f"{GO};main.handle;{constructor};x": 20, GO: 80})).finding.share.point == 0.2


@pytest.mark.parametrize(
    "stack",
    [
        "main.plain;regexp.(*Regexp).ReplaceAllString",
        "main.f;html/template.(*Template).Execute",
        "regex::Regex::is_match",
    ],
)
def test_using_what_was_built_is_no_recomputation(stack):
    assert apply("recomputation", facts({f"{GO};{stack}": 100})) == []


PARSE = "service;quotes::abroad;quotes::tariff;serde_json::de::from_str;serde_json::read::SliceRead::skip_to_escape"


def requests_of(size_bytes: float) -> SizedTimes:
    return SizedTimes(np.full(100, 1e6), np.full(100, 1e6), np.full(100, size_bytes))


@pytest.mark.parametrize(("size_bytes", "count"), [(4999, 1), (5001, 0)])
def test_a_document_that_requests_cannot_have_brought_is_parsed_again(size_bytes: int, count: int):
    """Half of 2 ms of CPU time each."""
    given = facts({PARSE: 50, "service": 50}, sized=requests_of(size_bytes))
    found = apply("recomputation", given)
    assert [cause.finding.id for cause in found] == ["recomputation:parsed-document"] * count
    assert all("a parsed document is built again" in cause.finding.title for cause in found)
    assert all("in quotes::tariff (100 %)" in cause.finding.title for cause in found)


def test_what_another_service_may_have_sent_is_no_document_of_ones_own():
    given = facts({PARSE: 50, "service": 50}, sized=requests_of(100))
    assert apply("recomputation", dataclasses.replace(given, sized=None)) == []
    for name, share, count in (("network", 0.3, 0), ("other thread blocked: network", 0.3, 0), ("network", 0.01, 1)):
        asks = part(name, PartKind.WAITING, share, 1e6, ("quotes::fetch", 1.0, 40))
        band = msgspec.structs.replace(request_results.MEDIAN, parts=[asks])
        bands = msgspec.structs.replace(request_results.BANDS, bands=[band])
        assert len(apply("recomputation", dataclasses.replace(given, bands=bands))) == count


def test_few_samples_or_a_small_share_are_no_finding():
    compile_ = f"{GO};main.f;regexp.Compile"
    assert apply("recomputation", facts({compile_: 19, GO: 100})) == []
    assert apply("recomputation", facts({compile_: 30, GO: 3000})) == []
    assert apply("recomputation", facts(None)) == []


def test_allocation_in_go_counts_all_its_parts_once():
    stacks = {
        f"{GO};main.plain;runtime.growslice;runtime.mallocgc;runtime.gcAssistAlloc": 20,
        f"{GO};main.plain;runtime.newobject;runtime.mallocgc": 10,
        "runtime.gcBgMarkWorker;runtime.scanobject": 10,
        f"{GO};main.rank": 60,
    }
    bytes_ = StackProfile.from_collapsed(
        [f"{GO};main.plain 3000", f"{GO};main.rank 1000"], "profiles/go-allocs.measure"
    )
    cause = one("allocation", facts(stacks, allocations=bytes_))
    assert cause.finding.share.point == pytest.approx(0.4)
    assert "takes 40.0 % of CPU time; most in main.plain (75 %), main.rank (25 %)" in cause.finding.title
    assert [evidence.text for evidence in cause.finding.evidence] == [
        "allocating: 30 of 100 samples",
        "growing and copying: 20 of 100 samples",
        "collecting: 30 of 100 samples",
    ]


def test_bytes_per_request_come_from_the_measure_window():
    stacks = {f"{GO};main.plain;runtime.mallocgc": 50, GO: 50}
    lines = [f"{GO};main.plain 2048000"]
    given = facts(stacks, allocations=StackProfile.from_collapsed(lines, "profiles/go-allocs.measure.pb.gz"))
    assert one("allocation", given).finding.evidence[-1].text == "2.00 KiB allocated per request: main.plain (100 %)"


@pytest.mark.parametrize(
    "leaf",
    [
        "malloc",
        "cfree@GLIBC_2.2.5",
        "__libc_malloc",
        "_int_free",
        "__rustc::__rust_alloc",
        "<alloc::string::String as core::clone::Clone>::clone",
        "<alloc::vec::Vec<T,A> as core::clone::Clone>::clone;memmove",
        "alloc::slice::to_vec",
        "<[u8]>::to_vec_in",
        "alloc::string::clone",
        "core::ptr::drop_in_place<alloc::string::String>",
        "_rjem_malloc",
        "mi_malloc",
        "alloc::fmt::format",
    ],
)
def test_allocation_in_rust_is_recognized(leaf):
    cause = one("allocation", facts({f"{RUST};my_service::index::find;{leaf}": 25, RUST: 75}))
    assert cause.finding.share.point == 0.25
    assert "most in index::find (100 %)" in cause.finding.title


def test_little_allocation_is_no_finding():
    assert apply("allocation", facts({f"{RUST};malloc": 70, RUST: 930})) == []
    assert apply("allocation", facts({f"{RUST};my_service::free_slots": 50, f"{RUST};mallocator": 50})) == []


def test_the_default_hasher_is_found_with_its_users():
    stacks = {
        f"{RUST};my_service::index::score;core::hash::BuildHasher::hash_one;<core::hash::sip::Hasher<S> as "
        "core::hash::Hasher>::write": 20,
        f"{RUST};my_service::index::score;core::hash::BuildHasher::hash_one": 10,
        RUST: 70,
    }
    cause = one("hashing", facts(stacks))
    assert cause.finding.share.point == pytest.approx(0.3)
    assert cause.finding.title.endswith("SipHash takes 30.0 % of CPU time in index::score (100 %)")
    assert cause.finding.group is Group.DATA_LAYOUT


def test_other_hashers_are_not_blamed():
    fast = f"{RUST};core::hash::BuildHasher::hash_one;<rustc_hash::FxHasher as core::hash::Hasher>::write"
    sip = f"{RUST};core::hash::sip::Hasher::write"
    assert apply("hashing", facts({fast: 50, RUST: 50})) == []
    assert one("hashing", facts({fast: 50, sip: 20, RUST: 30})).finding.share.point == pytest.approx(0.2)


def mutex(lines: dict[str, tuple[int, float]]) -> StackProfile:
    profile = StackProfile.from_collapsed([f"{stack} {count}" for stack, (count, _) in lines.items()])
    delays = np.array([delay for _, delay in lines.values()])
    return StackProfile("profiles/go-mutex.measure.pb.gz", profile.frames, profile.stacks, profile.counts, delays)


def test_waiting_for_a_mutex_names_its_holder():
    page = f"{GO};main.(*cache).page;sync.(*Mutex).Unlock"
    cause = one("lock-wait", facts(mutex=mutex({page: (72, 2.3e9), f"{GO};main.list;sync.(*Mutex).Unlock": (9, 2e8)})))
    assert cause.finding.id == "lock-wait:main.(*cache).page"
    assert cause.finding.title == "requests wait 2.50 ms each, 50.0 % of latency, for a mutex of main.(*cache).page"
    assert cause.finding.share.low is not None
    assert cause.finding.share.high is not None
    assert 0.35 < cause.finding.share.low < 0.5 < cause.finding.share.high < 0.7
    assert cause.finding.strength is Strength.STRONG
    assert cause.finding.evidence[0].count == 81


def test_scaled_up_events_do_not_count_as_recorded_ones():
    page, shown = f"{GO};main.(*cache).page;sync.(*Mutex).Unlock", f"{GO};main.list;sync.(*Mutex).Unlock"
    cause = one("lock-wait", facts(mutex=mutex({page: (900, 2e9), shown: (300, 5e8)})))
    assert cause.finding.evidence[0].count == 12
    assert cause.finding.strength is Strength.MODERATE
    assert apply("lock-wait", facts(mutex=mutex({page: (300, 2e9), shown: (100, 5e8)}))) == []


def test_short_waits_few_events_and_runtime_locks_are_no_lock_wait():
    unlock = f"{GO};main.(*cache).page;sync.(*Mutex).Unlock"
    assert apply("lock-wait", facts(mutex=mutex({unlock: (80, 1e7)}))) == []
    assert apply("lock-wait", facts(mutex=mutex({unlock: (4, 2.5e9)}))) == []
    assert apply("lock-wait", facts(mutex=mutex({f"{GO};main.f;runtime.mallocgc;runtime.unlock": (80, 2.5e9)}))) == []
    assert apply("lock-wait", facts()) == []


@pytest.mark.parametrize(
    "slow",
    [
        "std::sys::sync::mutex::futex::Mutex::lock_contended",
        "parking_lot::raw_mutex::RawMutex::lock_slow",
        "internal/sync.(*Mutex).lockSlow",
        "__lll_lock_wait",
    ],
)
def test_colliding_threads_are_seen_on_the_cpu(slow):
    cause = one("lock-contention", facts({f"{RUST};my_service::index::find;{slow};futex_wait_[k]": 20, RUST: 980}))
    assert "index::find (100 %)" in cause.finding.title
    assert cause.finding.strength is Strength.WEAK


def test_idle_workers_are_no_contention():
    idle = "start_thread;tokio::runtime::scheduler::multi_thread::park::Inner::park_condvar;lock_slow;futex_wait_[k]"
    assert apply("lock-contention", facts({idle: 50, RUST: 50})) == []


def test_where_the_mutex_profile_tells_the_slow_path_adds_nothing():
    slow = {f"{GO};main.f;internal/sync.(*Mutex).lockSlow": 50, GO: 50}
    assert apply("lock-contention", facts(slow)) != []
    assert apply("lock-contention", facts(slow, mutex=mutex({"main.f;sync.(*Mutex).Unlock": (80, 1e9)}))) == []


def test_the_hot_function_is_the_most_specific_that_still_answers_for_the_time():
    stacks = {
        f"{GO};main.(*index).search;main.score;math.Log": 25,
        f"{GO};main.(*index).search;main.tiny": 4,
        f"{GO};main.(*index).search;sort.Slice": 61,
        f"{GO};main.render": 10,
    }
    causes = apply("hot-function", facts(stacks))
    assert [cause.finding.id for cause in causes] == ["hot-function:main.(*index).search"]
    assert causes[0].finding.share.point == pytest.approx(0.9)
    assert [evidence.count for evidence in causes[0].finding.evidence] == [90, 0, None]
    assert causes[0].finding.evidence[2].text == "it calls sort.Slice (68 %), main.score (28 %), main.tiny (4 %)"


def test_a_function_that_only_distributes_gives_way_to_those_it_calls():
    stacks = {f"{GO};main.(*index).search;main.score;math.Log": 45, f"{GO};main.(*index).search;main.sort": 55}
    causes = apply("hot-function", facts(stacks))
    assert [cause.finding.id for cause in causes] == ["hot-function:main.sort", "hot-function:main.score"]


def test_functions_that_pass_on_and_machinery_are_not_hot():
    stacks = {f"{RUST};my_service::api::handle;my_service::index::find;core::slice::sort::quicksort": 95, RUST: 5}
    (cause,) = apply("hot-function", facts(stacks))
    assert cause.finding.id == "hot-function:index::find"
    assert apply("hot-function", facts({"runtime.mcall;runtime.schedule;runtime.findRunnable": 100})) == []


def test_recursion_does_not_confuse_the_hot_function():
    stacks = {f"{GO};main.walk;main.walk;main.walk;main.visit": 40, f"{GO};main.walk": 60}
    (cause,) = apply("hot-function", facts(stacks))
    assert cause.finding.id == "hot-function:main.walk"
    assert cause.finding.share.point == 1.0


def test_kernel_time_names_the_call():
    sends = f"{GO};main.answer;syscall.write;entry_SYSCALL_64_[k];do_syscall_64_[k];ksys_write_[k];tcp_sendmsg_[k]"
    cause = one("kernel-time", facts({sends: 40, GO: 60}))
    assert cause.finding.title == "40.0 % of CPU time is spent in the kernel, most in ksys_write (100 %)"
    assert apply("kernel-time", facts({sends: 29, GO: 71})) == []


def test_what_any_server_reads_and_writes_is_no_finding():
    served = "runtime.goexit;net/http.(*conn).serve;net/http.(*response).finishRequest;syscall.write"
    sends = f"{served};entry_SYSCALL_64_[k];do_syscall_64_[k];ksys_write_[k];tcp_sendmsg_[k]"
    assert apply("kernel-time", facts({sends: 80, GO: 20})) == []
    maps = "start_thread;http_server::threads::converse;malloc;mmap64;entry_SYSCALL_64_[k];__x64_sys_mmap_[k]"
    cause = one("kernel-time", facts({sends: 40, maps: 40, GO: 20}))
    assert cause.finding.title == "40.0 % of CPU time is spent in the kernel, most in __x64_sys_mmap (100 %)"


def test_pprof_profiles_are_read_by_the_native_core():
    from tests.support.pprof import encode

    data = encode({("main.f", "main.g"): (3, 30), ("main.h",): (1, 10)}, [("samples", "count"), ("cpu", "nanoseconds")])
    profile = StackProfile.from_pprof(data, "profiles/x.pb.gz", "cpu")
    assert (profile.samples, profile.value(profile.everything)) == (4, 40.0)
    assert profile.names(0) == ["main.f", "main.g"]
    assert profile.leaves(lambda frame: frame.function == "main.h") == {1}
    assert isinstance(profile.frames[0], Frame)
    with pytest.raises(ValueError, match="no values of type 'delay', only samples, cpu"):
        StackProfile.from_pprof(data, "profiles/x.pb.gz", "delay")


CACHED = f"{GO};example.org/html.(*styleCache).get"


@pytest.mark.parametrize(
    "cache",
    [
        "example.org/html.(*styleCache).get",
        "main.(*pageCache).lookup",
        "main.(*Cache[...]).GetOrLoad",
        "<my_service::pages::PageCache>::get_or_insert_with",
        "my_service::Cache<K, V>::get",
        "my_service::LruCache<alloc::string::String, u64>::fetch",
    ],
)
def test_a_look_up_that_computes_is_a_cache_that_is_filled_again(cache):
    stacks = {f"{GO};{cache};example.org/html.styleToCSS;strings.Split": 30, f"{GO};{cache}": 10, GO: 60}
    cause = one("cache-fill", facts(stacks))
    assert cause.finding.share.point == 0.3
    assert cause.finding.title.endswith(
        " computes again what it is to keep: 30.0 % of CPU time, in html.styleToCSS (100 %)"
    )


@pytest.mark.parametrize(
    "stack",
    [
        f"{CACHED};runtime.mapaccess2_faststr;runtime.memequal",
        f"{GO};runtime.(*mcache).get;example.org/html.styleToCSS",
        f"{GO};example.org/html.(*cacheWriter).get;example.org/html.styleToCSS",
        f"{GO};main.cacheable;example.org/html.styleToCSS",
        f"{GO};main.(*pageCache).render;example.org/html.styleToCSS",
    ],
)
def test_a_hit_a_runtime_and_other_methods_fill_no_cache(stack):
    assert apply("cache-fill", facts({stack: 80, GO: 20})) == []


def test_a_cache_that_is_filled_now_and_then_is_no_finding():
    assert apply("cache-fill", facts({f"{CACHED};example.org/html.styleToCSS": 30, GO: 970})) == []
