"""Whose code a function is, and how people call it."""

import pytest

from tailtune.judge.names import crate, is_code, is_plumbing, is_standard, kind_of, normalized, owner, short
from tailtune.model.icicle import FrameKind


@pytest.mark.parametrize(
    "function",
    [
        "main.(*index).search",
        "github.com/yuin/goldmark.New",
        "example.com/shop/internal/cart.(*Cart).Total",
        "shop/internal/cart.Total",
        "my_service::index::find",
        "<my_service::index::Index as core::clone::Clone>::clone",
        "<&mut my_service::index::Index as core::iter::traits::iterator::Iterator>::next",
        "serde_json::ser::to_vec",
    ],
)
def test_code(function):
    assert is_code(function)


@pytest.mark.parametrize(
    "function",
    [
        "regexp.MustCompile",
        "encoding/json.Marshal",
        "internal/runtime/syscall/linux.Syscall6",
        "type:.eq.main.key",
        "malloc",
        "__memcmp_evex_movbe",
        "cfree@GLIBC_2.2.5",
        "finish_task_switch.isra.0",
        "do_softirq.part.0",
        "[libc.so.6]+0x163940",
        "[unknown]",
        "core::ptr::drop_in_place<my_service::index::Index>",
        "<alloc::vec::Vec<T,A> as core::clone::Clone>::clone",
        "<T as alloc::string::ToString>::to_string",
        "hashbrown::map::HashMap<K,V,S,A>::insert",
        "__rustc::__rust_alloc",
        "core_arch::x86::sse2::_mm_movemask_epi8",
        "<[u8]>::to_vec_in",
        "<u8 as <[_]>::to_vec_in::ConvertVec>::to_vec",
        "<*const u8>::copy_to_nonoverlapping",
    ],
)
def test_standard(function):
    assert is_standard(function.replace("type:.eq", "type..eq"))


@pytest.mark.parametrize(
    "function",
    [
        "runtime.goexit",
        "runtime.goexit.abi0",
        "runtime.schedule",
        "main.main",
        "my_service::main",
        "net/http.(*conn).serve",
        "tokio::runtime::task::raw::poll",
        "<hyper_util::server::conn::auto::UpgradeableConnection<I,S,E> as core::future::future::Future>::poll",
        "<F as axum::handler::Handler<(M,T1,T2),S>>::call::{{closure}}",
    ],
)
def test_plumbing(function):
    assert is_plumbing(function)
    assert not is_code(function)


def test_crates():
    assert crate("<F as axum::handler::Handler<(M,T1),S>>::call") == "axum"
    assert crate("<alloc::string::String as core::clone::Clone>::clone") == "alloc"
    assert crate("main.f") == ""


def test_the_owner_is_the_innermost_code_and_no_closure():
    stack = [
        "memcmp",
        "core::cmp::eq",
        "shop::cart::{closure#2}",
        "shop::cart::total",
        "shop::api::handle",
        "tokio::run",
    ]
    assert owner(stack) == "shop::cart::total"
    assert owner(stack[:3]) == "shop::cart::{closure#2}"
    assert owner(["malloc", "tokio::run"]) is None


@pytest.mark.parametrize(
    ("function", "name"),
    [
        ("github.com/yuin/goldmark/parser.(*parser).Parse", "parser.(*parser).Parse"),
        ("main.(*service).search-fm", "main.(*service).search"),
        ("main.serve.func1.2", "main.serve"),
        ("rust_search::suggest::slow::Suggester::suggest", "Suggester::suggest"),
        ("rust_search::suggest::slow::Suggester::suggest::{{closure}}", "Suggester::suggest"),
        ("rust_search::suggest::slow::{closure#2}", "closure of suggest::slow"),
        ("<alloc::vec::Vec<T,A> as core::clone::Clone>::clone", "Vec::clone"),
        ("hashbrown::map::HashMap<K,V,S,A>::insert", "HashMap::insert"),
        ("malloc", "malloc"),
    ],
)
def test_short_names(function, name):
    assert short(function) == name


@pytest.mark.parametrize(
    ("function", "kind"),
    [
        ("main.(*index).search", FrameKind.OWN),
        ("serde_json::ser::to_vec", FrameKind.OWN),
        ("encoding/json.Marshal", FrameKind.STANDARD),
        ("malloc", FrameKind.STANDARD),
        ("runtime.mallocgc", FrameKind.RUNTIME),
        ("tokio::runtime::task::raw::poll", FrameKind.RUNTIME),
        ("[libc.so.6]+0x163940", FrameKind.UNKNOWN),
        ("", FrameKind.UNKNOWN),
    ],
)
def test_kinds(function, kind):
    assert kind_of(function) is kind


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("shop::cart::total::h0123456789abcdef", "shop::cart::total::hfedcba9876543210"),
        ("main.serve.func1.2", "main.serve.func3"),
        ("main.Map[go.shape.int]", "main.Map[go.shape.string]"),
    ],
)
def test_names_are_the_same_in_the_next_build(one, other):
    assert normalized(one) == normalized(other)
