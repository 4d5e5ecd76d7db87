"""Control groups that the tool makes for one start of a service: CPU quota and memory limit, versions 1 and 2.

Version 1: a group below our own in the hierarchy of the controller. Version 2: controllers are handed out by a
group without processes of its own, so ours is made below the nearest ancestor that hands out what is needed, or that
lets itself be told to. Every change is journaled before it is made.
Sources: cgroups(7), the kernel's documents on cgroup-v1 (cpu bandwidth, memory) and cgroup-v2.
"""

import contextlib
import os
import secrets
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Final

import msgspec

from tailtune.errors import SetupError
from tailtune.record.host.cgroup import Seat, seat
from tailtune.record.host.textfile import text
from tailtune.record.ports import CpuQuota, Launch
from tailtune.record.processes import journal
from tailtune.record.processes.journal import Undo
from tailtune.record.processes.process import supervisor

CPU: Final = "cpu-quota"
MEMORY: Final = "memory-limit"
"""Names of the knobs that want a group."""
_CONTROLLERS: Final = {CPU: "cpu", MEMORY: "memory"}
_SUBTREE: Final = "cgroup.subtree_control"
_CONTROLLERS_FILE: Final = "cgroup.controllers"
_PROCESSES: Final = "cgroup.procs"
_HINT: Final = (
    "where systemd runs, `systemd-run --user --scope tailtune ...` may make groups; in a container, mount them writable"
)

Setting = Callable[[Undo], contextlib.AbstractContextManager[None]]
"""Journals a change, as `Supervisor.setting` does."""
Limits = Mapping[str, CpuQuota | int | None]
"""Knob → its limit: a quota, or bytes."""


def journaled(undo: Undo) -> contextlib.AbstractContextManager[None]:
    """Journal a change with this tool's supervisor, which is started if need be."""
    return supervisor().setting(undo)


@contextlib.contextmanager
def made(launch: Launch, setting: Setting, root: Path = Path("/")) -> Iterator[Launch]:
    """Make the groups that a launch asks for; give the launch with them. They are removed with all that is in them.

    Raises:
        SetupError: naming the knob, where groups are not there or not permitted; nothing is left of them.
    """
    limits: Limits = {CPU: launch.cpu_quota, MEMORY: launch.memory_bytes}
    with grouped({knob: limit for knob, limit in limits.items() if limit is not None}, setting, root) as groups:
        yield msgspec.structs.replace(launch, groups=groups)


@contextlib.contextmanager
def grouped(limits: Limits, setting: Setting, root: Path = Path("/")) -> Iterator[dict[str, Path]]:
    """Make groups with these limits; give their directories by knob. One group has both where one hierarchy has.

    Raises:
        SetupError: as `made`.
    """
    wanted = list(limits)
    with contextlib.ExitStack() as stack:
        groups = {knob: _group([knob], stack, setting, root) for knob in wanted} if _apart(wanted, root) else {}
        if wanted and not groups:
            together = _group(wanted, stack, setting, root)
            groups = dict.fromkeys(wanted, together)
        for knob, (version, path) in groups.items():
            _limit(knob, version, path, limits[knob])
        yield {knob: path for knob, (_, path) in groups.items()}


def entered(pid: int, group: Path | None) -> Path | None:
    """Return the group if a process is in it."""
    if group is None or str(pid) not in text(group / _PROCESSES).split():
        return None
    return group


def why_not(limits: Limits, setting: Setting, root: Path = Path("/")) -> str:
    """Say why groups with these limits cannot be made and entered, by making them; empty if they can."""
    try:
        with grouped(limits, setting, root) as groups:
            for path in groups.values():
                if not os.access(path / _PROCESSES, os.W_OK):
                    return f"no process may be moved into {path}"
    except SetupError as error:
        return error.message.partition(": ")[2]
    return ""


def cpu_quota(group: Path) -> CpuQuota | None:
    """Read the quota of a group of either version; None without one."""
    words = text(group / "cpu.max").split() or [
        text(group / "cpu.cfs_quota_us").strip(), text(group / "cpu.cfs_period_us").strip()
    ]  # fmt: skip
    return CpuQuota(int(words[0]), int(words[1])) if all(word.isdecimal() for word in words) else None


def memory_bytes(group: Path) -> int | None:
    """Read the memory limit of a group of either version; None without one."""
    word = (text(group / "memory.max") or text(group / "memory.limit_in_bytes")).strip()
    return int(word) if word.isdecimal() else None


def _apart(wanted: list[str], root: Path) -> bool:
    """Whether the knobs' controllers are in hierarchies of their own, as in version 1."""
    found = [seat(_CONTROLLERS[knob], root) for knob in wanted]
    return any(one is None or one.version == 1 for one in found)


def _group(knobs: list[str], stack: contextlib.ExitStack, setting: Setting, root: Path) -> tuple[int, Path]:
    """Make a group with the controllers of these knobs; return the version and its directory."""
    controllers = [_CONTROLLERS[knob] for knob in knobs]
    found = seat(controllers[0], root)
    if found is None:
        raise SetupError(f"{' and '.join(knobs)}: no control groups are mounted here", hint=_HINT)
    reasons = []
    for enable in (False, True) if found.version != 1 else (False,):
        for parent in found.upwards() if found.version != 1 else [found.directory]:
            with contextlib.ExitStack() as attempt:
                try:
                    path = _below(parent, found, controllers, attempt, setting, enable=enable)
                except OSError as error:
                    reasons.append(f"{error.filename or parent}: {error.strerror}")
                    continue
                stack.push(attempt.pop_all())
                return found.version, path
    raise SetupError(
        f"{' and '.join(knobs)}: no control group can be made below {found.directory}"
        f" ({'; '.join(dict.fromkeys(reasons))})",
        hint=_HINT,
    )


def _below(
    parent: Path, found: Seat, controllers: list[str], stack: contextlib.ExitStack, setting: Setting, *, enable: bool
) -> Path:
    """Make a group below `parent`; in version 2 let `parent` hand out the controllers, if `enable` and it does not."""
    if found.version != 1:
        missing = sorted(set(controllers) - set(text(parent / _SUBTREE).split()))
        if missing and not enable:
            raise OSError(0, f"hands out no {' and '.join(missing)}", str(parent))
        there = text(parent / _CONTROLLERS_FILE).split()
        if there and (unknown := [name for name in missing if name not in there]):
            raise OSError(0, f"has no {' and '.join(unknown)} to hand out", str(parent))
        for name in missing:
            stack.enter_context(setting(Undo(journal.WRITE, str(parent / _SUBTREE), f"-{name}")))
            _write(parent / _SUBTREE, f"+{name}")
    path = parent / f"{journal.PREFIX}{os.getpid()}-{secrets.token_hex(4)}"
    if not os.access(parent, os.W_OK):  # else each refused attempt would be journaled
        path.mkdir()
        path.rmdir()
    stack.enter_context(setting(Undo(journal.GROUP, str(path))))
    path.mkdir()
    return path


def _limit(knob: str, version: int, path: Path, limit: CpuQuota | int | None) -> None:
    try:
        for name, value, optional in _files(version, limit):
            if not optional or (path / name).exists():
                _write(path / name, value)
    except OSError as error:
        raise SetupError(f"{knob}: {error.filename} refuses the limit: {error.strerror}", hint=_HINT) from error


def _files(version: int, limit: CpuQuota | int | None) -> list[tuple[str, str, bool]]:
    """Return file, value, and whether the file may be absent; swap is no way round a limit of memory."""
    if isinstance(limit, CpuQuota):
        period, quota = str(limit.period_us), str(limit.quota_us)
        if version == 1:
            return [("cpu.cfs_period_us", period, False), ("cpu.cfs_quota_us", quota, False)]
        return [("cpu.max", f"{quota} {period}", False)]
    if version == 1:
        return [("memory.limit_in_bytes", str(limit), False), ("memory.memsw.limit_in_bytes", str(limit), True)]
    return [("memory.max", str(limit), False), ("memory.swap.max", "0", True)]


def _write(path: Path, value: str) -> None:
    """Write a setting; the error names the file also where writing, not opening, is refused."""
    try:
        path.write_text(value, encoding="ascii")
    except OSError as error:
        raise OSError(error.errno, error.strerror, str(path)) from error
