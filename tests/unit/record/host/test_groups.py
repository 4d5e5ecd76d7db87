"""Control groups made for a start, on trees of files that look like version 2; version 1 for real is in tests/real."""

import contextlib
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tailtune.errors import SetupError
from tailtune.record.host import groups
from tailtune.record.host.cgroup import seat
from tailtune.record.host.groups import CPU, MEMORY, grouped
from tailtune.record.ports import CpuQuota
from tailtune.record.processes import journal
from tailtune.record.processes.journal import Undo

V2_MOUNT = "30 24 0:27 / /sys/fs/cgroup rw,nosuid shared:9 - cgroup2 cgroup2 rw,nsdelegate\n"
HALF = CpuQuota(50_000)


class Told:
    """A journal that remembers; what is undone is plain files here."""

    def __init__(self) -> None:
        self.changes: list[Undo] = []

    @contextlib.contextmanager
    def setting(self, undo: Undo) -> Iterator[None]:
        if undo.kind == journal.GROUP:
            assert not Path(undo.path).exists()
        self.changes.append(undo)
        yield
        if undo.kind == journal.GROUP:
            shutil.rmtree(undo.path, ignore_errors=True)
        else:
            Path(undo.path).write_text(undo.text)


def machine(root: Path, own: str, subtree: dict[str, str]) -> Path:
    """Lay out a version 2 hierarchy; `subtree`: group → what it hands out."""
    (root / "proc/self").mkdir(parents=True)
    (root / "proc/self/cgroup").write_text(f"0::{own}\n")
    (root / "proc/self/mountinfo").write_text(V2_MOUNT)
    top = root / "sys/fs/cgroup"
    for group, controllers in subtree.items():
        folder = top / group
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "cgroup.subtree_control").write_text(controllers)
    return top


def test_version_2_makes_one_group_below_the_nearest_that_hands_out_both(tmp_path: Path) -> None:
    top = machine(
        tmp_path, "/user/app/me", {"": "cpu memory", "user": "cpu memory pids", "user/app": "memory", "user/app/me": ""}
    )
    told = Told()
    with grouped({CPU: HALF, MEMORY: 64 << 20}, told.setting, tmp_path) as made:
        assert made[CPU] == made[MEMORY]
        path = made[CPU]
        assert path.parent == top / "user"
        assert path.name.startswith(journal.PREFIX)
        assert (path / "cpu.max").read_text() == "50000 100000"
        assert (path / "memory.max").read_text() == str(64 << 20)
        assert groups.cpu_quota(path) == HALF
        assert groups.memory_bytes(path) == 64 << 20
    assert not path.exists()
    assert [one.kind for one in told.changes] == [journal.GROUP]


def test_version_2_swap_is_no_way_round_the_limit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    machine(tmp_path, "/me", {"": "memory", "me": ""})
    made_by_kernel = Path.mkdir

    def mkdir(path: Path) -> None:
        made_by_kernel(path)
        if path.name.startswith(journal.PREFIX):
            (path / "memory.swap.max").write_text("max")

    monkeypatch.setattr(Path, "mkdir", mkdir)
    with grouped({MEMORY: 1 << 20}, Told().setting, tmp_path) as made:
        assert (made[MEMORY] / "memory.swap.max").read_text() == "0"


def test_version_2_lets_an_ancestor_hand_out_what_none_does_and_takes_it_back(tmp_path: Path) -> None:
    top = machine(tmp_path, "/slice/me", {"": "memory", "slice": "memory", "slice/me": ""})
    told = Told()
    with grouped({CPU: HALF}, told.setting, tmp_path) as made:
        assert made[CPU].parent == top / "slice/me"  # a tree of files refuses nothing
        assert (top / "slice/me/cgroup.subtree_control").read_text() == "+cpu"
    assert told.changes[0] == Undo(journal.WRITE, str(top / "slice/me/cgroup.subtree_control"), "-cpu")
    assert (top / "slice/me/cgroup.subtree_control").read_text() == "-cpu"


def test_version_2_where_nothing_is_permitted_says_why_and_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    machine(tmp_path, "/slice/me", {"": "memory", "slice": "memory", "slice/me": ""})
    before = {path: path.is_file() and path.read_text() for path in tmp_path.rglob("*")}

    def refuse(path: Path, value: str) -> None:
        raise OSError(16, "Device or resource busy", str(path))

    monkeypatch.setattr(groups, "_write", refuse)
    with (
        pytest.raises(SetupError, match="cpu-quota: no control group can be made") as refused,
        grouped({CPU: HALF}, Told().setting, tmp_path),
    ):
        pass
    assert "hands out no cpu" in refused.value.message
    assert "cgroup.subtree_control: Device or resource busy" in refused.value.message
    assert "systemd-run" in refused.value.hint
    after = {path: path.is_file() and path.read_text() for path in tmp_path.rglob("*")}
    assert {path for path in after if path not in before} == set()


def test_without_groups_there_is_a_reason(tmp_path: Path) -> None:
    assert groups.why_not({CPU: HALF}, Told().setting, tmp_path) == "no control groups are mounted here"
    assert seat("cpu", tmp_path) is None


def test_nothing_asked_nothing_made(tmp_path: Path) -> None:
    with grouped({}, Told().setting, tmp_path) as made:
        assert made == {}
    assert list(tmp_path.iterdir()) == []


def test_a_group_tells_what_it_grants_or_that_it_limits_nothing(tmp_path: Path) -> None:
    assert groups.cpu_quota(tmp_path) is None
    assert groups.memory_bytes(tmp_path) is None
    (tmp_path / "cpu.max").write_text("max 100000\n")
    (tmp_path / "memory.max").write_text("max\n")
    assert groups.cpu_quota(tmp_path) is None
    assert groups.memory_bytes(tmp_path) is None
    (tmp_path / "cpu.max").unlink()
    (tmp_path / "cpu.cfs_quota_us").write_text("-1\n")
    (tmp_path / "cpu.cfs_period_us").write_text("100000\n")
    assert groups.cpu_quota(tmp_path) is None
    (tmp_path / "cpu.cfs_quota_us").write_text("150000\n")
    assert groups.cpu_quota(tmp_path) == CpuQuota(150_000)
