"""What a start needs for the profiling that a variant asks for: a socket to a Go service, a folder for dumps."""

import contextlib
import secrets
import tempfile
from pathlib import Path
from typing import Final

import msgspec

from tailtune.model.project import Language, Variant
from tailtune.record.builds.overlay import SOCKET_VARIABLE
from tailtune.record.ports import Launch
from tailtune.record.processes.preload import preload
from tailtune.record.processes.process import supervisor

_RANDOM_BYTES: Final = 8


class Instrumented(msgspec.Struct, frozen=True, kw_only=True):
    """A launch with what it takes to profile it."""

    launch: Launch
    pprof_socket: str = ""
    heap_dumps: Path | None = None


def instrument(launch: Launch, variant: Variant, language: Language, resources: contextlib.ExitStack) -> Instrumented:
    """Return the launch as the variant's `instrument` changes it; `resources` live as long as the service.

    Raises:
        UsageError: if the program cannot be profiled this way.
        SetupError: if the machine lacks what it takes.
    """
    if variant.instrument is None:
        return Instrumented(launch=launch)
    if language is Language.GO:
        # Abstract, so that nothing is left on the disk; random, so that two services never meet.
        name = f"@tailtune-{secrets.token_hex(_RANDOM_BYTES)}"
        changed = msgspec.structs.replace(launch, env={**launch.env, SOCKET_VARIABLE: name})
        return Instrumented(launch=changed, pprof_socket=name)
    folder = resources.enter_context(supervisor().folder("tailtune-heap-", Path(tempfile.gettempdir())))
    return Instrumented(launch=preload(launch, variant.instrument, folder), heap_dumps=folder)


def instrument_warnings(name: str, variant: Variant, language: Language) -> list[str]:
    """Say that figures of this variant are not those of the service as it is; nothing where they are."""
    if variant.instrument is None:
        return []
    if language is Language.GO:
        what = "its binary is built with block and mutex profiling switched on"
    else:
        what = "jemalloc takes the place of its allocator and samples allocations"
    return [f"variant {name} is profiled at a cost: {what}; its figures are not those of the service as it is"]
