"""Tools and room: compilers, disk, files, loopback."""

from collections.abc import Iterator
from functools import partial
from typing import Final

from tailtune.model.doctor import Check, Status
from tailtune.model.environment import Environment
from tailtune.model.units import format_bytes
from tailtune.record.host.probes.loopback import Loopback
from tailtune.record.host.probes.storage import Storage

_check = partial(Check, family="tools and room")

DISK_NOTE_BYTES: Final = 5 << 30
"""A few builds of a large workspace, and some hundred recordings."""
DISK_PROBLEM_BYTES: Final = 512 << 20
FILES_NOTE: Final = 4_096
FILES_PROBLEM: Final = 512
PORTS_NOTE: Final = 10_000


def checks(environment: Environment, storage: Storage, loopback: Loopback) -> Iterator[Check]:
    """Yield the checks of this family."""
    yield _go(environment.toolchains)
    yield _rust(environment.toolchains)
    yield _valgrind(environment.toolchains)
    yield _disk(storage)
    yield _open_files(storage)
    yield _loopback(loopback)


def _go(toolchains: dict[str, str]) -> Check:
    if version := toolchains.get("go"):
        return _check(name="go", status=Status.OK, value=version, effect="Go services can be built")
    return _check(
        name="go",
        status=Status.NOTE,
        value="not on PATH",
        effect="Go services cannot be built, only started as a command",
        remedy="install Go from https://go.dev/dl/",
    )


def _rust(toolchains: dict[str, str]) -> Check:
    if "cargo" in toolchains and "rustc" in toolchains:
        value = f"cargo {toolchains['cargo']}, rustc {toolchains['rustc']}"
        return _check(name="rust", status=Status.OK, value=value, effect="Rust services can be built")
    return _check(
        name="rust",
        status=Status.NOTE,
        value="not on PATH",
        effect="Rust services cannot be built, only started as a command",
        remedy="install Rust from https://rustup.rs/",
    )


def _valgrind(toolchains: dict[str, str]) -> Check:
    if version := toolchains.get("valgrind"):
        effect = "caches can be simulated: `tailtune run --simulate-caches`"
        return _check(name="valgrind", status=Status.OK, value=version, effect=effect)
    return _check(
        name="valgrind",
        status=Status.NOTE,
        value="not on PATH",
        effect="misses of caches cannot be counted: `tailtune run --simulate-caches` is refused",
        remedy="sudo apt-get install valgrind",
    )


def _disk(storage: Storage) -> Check:
    value = f"{format_bytes(storage.free_bytes)} free below {storage.place}"
    if not storage.writable:
        return _check(
            name="disk",
            status=Status.PROBLEM,
            value=f"{storage.place} may not be written",
            effect="no recording can be kept",
            remedy=f"sudo chown $USER {storage.place}, or work in a copy",
        )
    if storage.free_bytes >= DISK_NOTE_BYTES:
        return _check(name="disk", status=Status.OK, value=value, effect="room for builds and hundreds of recordings")
    return _check(
        name="disk",
        status=Status.PROBLEM if storage.free_bytes < DISK_PROBLEM_BYTES else Status.NOTE,
        value=value,
        effect="builds and recordings may fill the disk in the middle of a run",
        remedy="remove old recordings: `tailtune runs`, then `tailtune runs remove`",
    )


def _open_files(storage: Storage) -> Check:
    unlimited = storage.open_files < 0
    value = "no limit" if unlimited else f"{storage.open_files:,}"
    if unlimited or storage.open_files >= FILES_NOTE:
        return _check(name="open-files", status=Status.OK, value=value, effect="enough for thousands of connections")
    most = "unlimited" if storage.open_files_most < 0 else storage.open_files_most
    return _check(
        name="open-files",
        status=Status.PROBLEM if storage.open_files < FILES_PROBLEM else Status.NOTE,
        value=value,
        effect="every connection takes one file in the load engine and one in the service",
        remedy=f"ulimit -n {most}",
    )


def _loopback(loopback: Loopback) -> Check:
    if loopback.error:
        return _check(
            name="loopback",
            status=Status.PROBLEM,
            value=loopback.error,
            effect="the service cannot be reached on 127.0.0.1: nothing can be measured",
            remedy="sudo ip link set lo up",
        )
    value = f"works, {loopback.ports:,} ports for connections" if loopback.ports else "works"
    if loopback.ports == 0 or loopback.ports >= PORTS_NOTE:
        return _check(name="loopback", status=Status.OK, value=value, effect="the service can be reached on 127.0.0.1")
    return _check(
        name="loopback",
        status=Status.NOTE,
        value=value,
        effect="services that close connections after each answer use ports up; then connections fail",
        remedy='sudo sysctl net.ipv4.ip_local_port_range="10000 60999"',
    )
