"""What a function's name tells: whose code it is.

Three kinds: *plumbing* moves requests to the code that answers them (runtimes, servers, async
machinery); *standard* is language, C library and kernel; all else is *code*, which somebody
who uses the service's repository can change or replace.
"""

import re
from functools import lru_cache
from typing import Final

from tailtune.model.icicle import FrameKind

_GO_PLUMBING: Final = (
    r"runtime\.(goexit|main|mcall|mstart|systemstack|schedule|findRunnable|park_m|gopark|sysmon)|main\.main\b|"
    r"net/http\.|golang\.org/x/net/http2|google\.golang\.org/grpc\.|github\.com/gin-gonic/gin\.|"
    r"github\.com/go-chi/chi|github\.com/gorilla/mux|github\.com/labstack/echo|github\.com/valyala/fasthttp\."
)
_GO_SERVERS: Final = re.compile(
    r"net/http\.\(\*(conn|http2serverConn)\)|net/http\.(serverHandler|HandlerFunc|\(\*ServeMux\))|"
    r"golang\.org/x/net/http2\.\(\*serverConn\)|google\.golang\.org/grpc\.\(\*Server\)|"
    r"github\.com/valyala/fasthttp\.\(\*(Server|workerPool)\)"
)
_RUST_PLUMBING: Final = re.compile(
    r"(tokio|hyper|axum|tower|futures|actix|http)(_\w+)?|mio|warp|rocket|tonic|h2|async_std|smol|polling|tracing|"
    r"pin_project_lite"
)
_RUST_MAIN: Final = r"[A-Za-z_]\w*::main$"
"""Runs the server, and with it everything where a runtime has no threads of its own."""
_RUST_STANDARD: Final = re.compile(
    r"core(_arch)?|alloc|std|hashbrown|memchr|backtrace|compiler_builtins|__rustc|rustc_demangle|proc_macro|test|libc|lock_api|"
    r"parking_lot(_core)?|dashmap"
)
_GO_STANDARD: Final = re.compile(
    r"(archive|bufio|bytes|cmp|compress|container|context|crypto|database|debug|embed|encoding|errors|expvar|flag|fmt|go|"
    r"hash|html|image|index|internal|io|iter|log|maps|math|mime|net|os|path|plugin|reflect|regexp|runtime|slices|sort|"
    r"strconv|strings|structs|sync|syscall|testing|text|time|type|unicode|unique|vendor|weak)[./]"
)
_BARE_CLOSURE: Final = re.compile(r"::\{(closure|async_fn|async_block)#\d+\}$")
"""As debug information names inlined closures: by their module, not by their function."""
_CLOSURE: Final = re.compile(
    r"(::\{\{?closure\}?\}(#\d+)?|\.func\d+(\.\d+)*|-fm|\.gowrap\d+|\.deferwrap\d+|\.abi\d+)+$"
)
_C_CLONE: Final = re.compile(r"\.(isra|part|constprop|cold|llvm|lto_priv)\b.*")
_PLUMBING: Final = re.compile(f"{_GO_PLUMBING}|{_RUST_MAIN}")
_IMPL: Final = re.compile(r"<(?P<type>.*?) as (?P<trait>.*?)>::")
_LEAD: Final = re.compile(r"^[<&(\[*]*(mut |const |dyn |impl )*[<&]*")
_CRATE: Final = re.compile(r"([A-Za-z_][A-Za-z0-9_]*)::")


@lru_cache(maxsize=65536)
def is_plumbing(function: str) -> bool:
    """Whether the function only carries requests to where they are answered."""
    return _RUST_PLUMBING.fullmatch(crate(function)) is not None or _PLUMBING.match(function) is not None


@lru_cache(maxsize=65536)
def is_standard(function: str) -> bool:
    """Whether the function belongs to the language, the C library or the kernel."""
    if "::" in function:
        found = crate(function)  # none: a method of a primitive type, which only the standard library can have
        return not found or _RUST_STANDARD.fullmatch(found) is not None
    head = _C_CLONE.sub("", function.split("(", 1)[0])
    if "." not in head or head.startswith(("[", "_")) or "@" in head:
        return True  # C functions, symbols of the C library, addresses without a name
    return _GO_STANDARD.match(function) is not None


@lru_cache(maxsize=65536)
def kind_of(function: str) -> FrameKind:
    """Return whose code a function is, as far as its name tells: the kernel's looks like C's."""
    if not function or function.startswith(("[", "0x", "(")):
        return FrameKind.UNKNOWN
    if is_plumbing(function) or function.startswith("runtime."):
        return FrameKind.RUNTIME
    return FrameKind.STANDARD if is_standard(function) else FrameKind.OWN


@lru_cache(maxsize=65536)
def serves_go(function: str) -> bool:
    """Whether the function belongs to a known server in Go: code below it on a stack works on a request."""
    return _GO_SERVERS.match(function) is not None


def is_code(function: str) -> bool:
    """Whether the function is neither plumbing nor standard."""
    return not is_plumbing(function) and not is_standard(function)


@lru_cache(maxsize=65536)
def crate(function: str) -> str:
    """Return the crate that a Rust function belongs to; empty for other languages.

    `<a::T as b::Trait>::f` belongs to `a`, unless the type is a generic parameter: then to `b`.
    """
    if "::" not in function:
        return ""
    implementation = _IMPL.match(function)
    if implementation:
        found = _CRATE.match(_LEAD.sub("", implementation["type"]))
        return found[1] if found else _first_crate(implementation["trait"])
    return _first_crate(function)


def owner(functions: list[str]) -> str | None:
    """Return the innermost function that is code, given a stack leaf first; None if there is none.

    A closure is passed over for the function around it where the stack shows one.
    """
    code = [function for function in functions if is_code(function)]
    named = (function for function in code if not _BARE_CLOSURE.search(function))
    return next(named, code[0] if code else None)


def short_owner(functions: list[str]) -> str:
    """Return the same, as people say it; empty if there is none."""
    return short(owner(functions) or "")


def short(function: str) -> str:
    """Return a function's name as people say it: without closure marks, package paths and generic arguments."""
    bare = _BARE_CLOSURE.search(function)
    if bare:
        return f"{bare[1].replace('_', ' ')} of {short(function[: bare.start()])}"
    name = _CLOSURE.sub("", function)
    if "::" in name:
        implementation = _IMPL.match(name)
        if implementation:
            name = f"{implementation['type']}::{name[implementation.end() :]}"
        return "::".join(_without_generics(name).lstrip("<&").split("::")[-2:])
    return name.rsplit("/", 1)[-1]


@lru_cache(maxsize=262144)
def normalized(function: str) -> str:
    """Return a name that is the same in other releases: without hashes, numbers of closures and shapes."""
    from tailtune._native import normalize_function

    return normalize_function(function)


def _first_crate(name: str) -> str:
    found = _CRATE.match(_LEAD.sub("", name))
    return found[1] if found else ""


def _without_generics(name: str) -> str:
    depth, kept = 0, []
    for position, letter in enumerate(name):
        if letter == "<" and position:
            depth += 1
        elif letter == ">" and name[position - 1] != "-" and depth:
            depth -= 1
        elif not depth:
            kept.append(letter)
    return "".join(kept).replace("::::", "::")
