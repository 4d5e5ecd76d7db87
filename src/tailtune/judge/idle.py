"""Places where a thread sleeps because there is no work: waiting there delays nobody.

A stack is idle if it passes through one of them, the loop of a pool aside while it runs a job. What sleeps elsewhere is
taken to wait for something.
"""

import re
from functools import lru_cache
from typing import Final, NamedTuple


class IdleKind(NamedTuple):
    """One known place."""

    pattern: re.Pattern[str]
    """Of the whole name of a function on the stack, generic arguments and hashes aside."""
    meaning: str
    source: str
    """Where the place is known from."""


def _kind(pattern: str, meaning: str, source: str) -> IdleKind:
    return IdleKind(re.compile(pattern), meaning, source)


_TOKIO_WORKER: Final = (
    r"tokio::runtime::(park::.*|scheduler::multi_thread(_alt)?::(park::.*|worker::.*::park\w*)|"
    r"scheduler::current_thread::Context::park\w*)"
)
_TOKIO_POOL: Final = (
    r"tokio::runtime::blocking::(pool::((Inner(Impl)?|LockedImpl)::)?|sharded::(ShardedImpl::)?)run(_worker)?"
)
"""The loop of a thread of the blocking pool, which calls its jobs; the runtime's workers are some of them. Debug
information names inlined methods without their type."""
_TOKIO_JOB: Final = re.compile(r"tokio::runtime::(task|blocking::task)::.*")
KINDS: Final = (
    _kind(r"runtime\.(findRunnable|findrunnable|stopm)", "Go: a worker without a goroutine to run", "runtime/proc.go"),
    _kind(r"runtime\.(sysmon|templateThread)", "Go: a thread of the runtime between its rounds", "runtime/proc.go"),
    _kind(r"runtime\.stoplockedm", "Go: a thread locked to a goroutine that is not running", "runtime/proc.go"),
    _kind(r"os/signal\.(loop|signal_recv)", "Go: waiting for signals", "os/signal/signal_unix.go"),
    _kind(_TOKIO_WORKER, "tokio: a worker without a task to run", "tokio/src/runtime/scheduler"),
    _kind(_TOKIO_POOL, "tokio: a blocking thread without work", "tokio/src/runtime/blocking/pool.rs"),
    _kind(r"rayon_core::sleep::Sleep::(sleep|no_work_found)", "rayon: a worker without a job", "rayon-core/src/sleep"),
    _kind(r"async_io::driver::.*|async_executor::.*::ticker::.*", "smol: an executor without a task", "async-io/src"),
    _kind(r"mio::poll::Poll::poll|polling::Poller::wait\w*", "an event loop without events", "mio/src/poll.rs"),
    _kind(r"(__)?epoll_p?wait2?|ep_poll|do_epoll_p?wait", "an event loop without events", "epoll_wait(2)"),
    _kind(r"inet_csk_accept|unix_accept|__sys_accept4|accept4?", "waiting for connections", "accept(2)"),
    _kind(r"\[off-CPU.*\]", "not known: off the CPU since before the sampling began", "no stack was seen"),
    _kind(r"(do_|__\w+_sys_)?(rt_)?sigtimedwait|sigwait(info)?", "waiting for signals", "sigwait(3)"),
)
"""The first that fits counts."""
_GENERICS: Final = re.compile(r"<(?P<type>[^<>]*?) as [^<>]*>|<[^<>]*>")
_HASH: Final = re.compile(r"::h[0-9a-f]{16}$")


@lru_cache(maxsize=65536)
def idle_place(function: str) -> int | None:
    """Return which of `KINDS` a function belongs to; None: it is no place to be idle in."""
    name = plain(function)
    return next((at for at, kind in enumerate(KINDS) if kind.pattern.fullmatch(name)), None)


POOL: Final = next(at for at, kind in enumerate(KINDS) if kind.pattern.pattern == _TOKIO_POOL)
"""The kind that is no idle place where a job is on the stack."""


@lru_cache(maxsize=65536)
def runs_job(function: str) -> bool:
    """Whether a function runs a job of tokio's blocking pool: the thread below it has work."""
    return _TOKIO_JOB.fullmatch(plain(function)) is not None


def plain(function: str) -> str:
    """Return a name without generic arguments and hash; `<a::T as b::Trait>::f` as `a::T::f`."""
    name = _HASH.sub("", function).split("@", 1)[0]
    before = ""
    while name != before:
        before = name
        name = _GENERICS.sub(lambda match: match["type"] or "", name)
    return name.replace("::::", "::")
