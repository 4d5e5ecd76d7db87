"""Changes outside our processes are written down before they are made, and undone by whoever is left."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tailtune.errors import SetupError
from tailtune.record.processes import journal, ownership
from tailtune.record.processes.journal import FOLDER, GROUP, WRITE, Journal, Undo, carry_out, repair
from tailtune.record.processes.process import Supervisor


@pytest.fixture(autouse=True)
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    return tmp_path / "state" / "tailtune" / "settings"


def test_a_change_is_on_disk_before_it_is_made_and_the_journal_goes_when_all_is_undone(
    tmp_path: Path, supervisor: Supervisor, state: Path
) -> None:
    folder = tmp_path / "tailtune-ours"
    with supervisor.setting(Undo(FOLDER, str(folder))):
        [path] = state.iterdir()
        assert str(folder) in path.read_text()
        folder.mkdir()
    assert not folder.exists()
    supervisor.close()
    assert list(state.iterdir()) == []


def test_what_a_dead_tool_left_is_repaired_once_and_told(tmp_path: Path, state: Path) -> None:
    first, second = tmp_path / "tailtune-1", tmp_path / "tailtune-2"
    script = f"""
import os
from tailtune.record.processes.journal import FOLDER, Journal, Undo
one = Journal("1-no-such-token.")
numbers = [one.add(Undo(FOLDER, path)) for path in {[str(first), str(second)]!r}]
for path in {[str(first), str(second)]!r}: os.mkdir(path)
one.undo(numbers[0])
os._exit(9)
"""
    subprocess.run([sys.executable, "-c", script], check=False)
    assert not first.exists()
    assert second.exists()
    assert repair() == [f"an earlier tailtune was killed; undone now: folder {second}"]
    assert not second.exists()
    assert list(state.iterdir()) == []
    assert repair() == []


def test_what_a_living_tool_changed_is_left_alone(tmp_path: Path, state: Path) -> None:
    folder = tmp_path / "tailtune-ours"
    one = Journal("1-no-such-token.")
    one.add(Undo(FOLDER, str(folder)))
    folder.mkdir()
    assert repair() == []
    assert folder.exists()
    one.close()
    assert [path.name for path in state.iterdir()] == ["1-no-such-token.journal"]
    assert len(repair()) == 1
    assert not folder.exists()


def test_processes_of_a_dead_tool_are_ended_before_its_settings_are_undone(tmp_path: Path) -> None:
    token = f"{os.getpid()}-feed."
    child = subprocess.Popen(["sleep", "60"], env={**os.environ, ownership.TOKEN: f"{token}000001."})
    one = Journal(token)
    one.add(Undo(FOLDER, str(tmp_path / "tailtune-none")))
    one.close()
    try:
        assert len(repair()) == 1
        assert child.wait(5) == -9
    finally:
        child.kill()


@pytest.mark.parametrize(
    "damage", ["", "{", '{"token": 5}\n{"undo": [0]}\n', "\0\0\n", '{"undo": [0, "bomb", "/", ""]}']
)
def test_a_damaged_journal_changes_nothing(damage: str, state: Path) -> None:
    state.mkdir(parents=True)
    (state / "1-a.journal").write_text(damage)
    said = repair()
    assert all("cannot be undone: / is nothing that tailtune changes" in one for one in said)
    assert len(said) == ("bomb" in damage)
    assert len(list(state.iterdir())) == len(said)


def test_a_setting_that_another_tool_uses_waits(tmp_path: Path) -> None:
    control = tmp_path / "cgroup.subtree_control"
    control.write_text("cpu")
    (tmp_path / f"{journal.PREFIX}99-ab").mkdir()
    assert "another tailtune" in carry_out(Undo(WRITE, str(control), "-cpu"))
    assert control.read_text() == "cpu"
    (tmp_path / f"{journal.PREFIX}99-ab").rmdir()
    assert carry_out(Undo(WRITE, str(control), "-cpu")) == ""
    assert control.read_text() == "-cpu"


@pytest.mark.parametrize(
    "undo",
    [
        Undo(FOLDER, "/home/me"),
        Undo(GROUP, "/sys/fs/cgroup/system.slice"),
        Undo(WRITE, "/etc/passwd", "-cpu"),
        Undo(WRITE, "/sys/fs/cgroup/cgroup.subtree_control", "+cpu"),
    ],
)
def test_what_is_not_ours_is_left_alone_whatever_a_journal_says(undo: Undo) -> None:
    assert carry_out(undo) == f"{undo.path} is nothing that tailtune changes"


@pytest.mark.skipif(os.geteuid() != 0, reason="needs to give a file away")
def test_a_journal_of_another_user_is_not_followed(tmp_path: Path, state: Path) -> None:
    folder = tmp_path / "tailtune-theirs"
    folder.mkdir()
    one = Journal("1-no-such-token.")
    one.add(Undo(FOLDER, str(folder)))
    one.close()
    os.chown(one.path, 65534, -1)
    assert repair() == []
    assert folder.exists()
    one.path.unlink()


def test_a_user_without_a_home_has_nothing_to_repair_and_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", "relative")
    monkeypatch.setattr(os.path, "expanduser", lambda path: path)
    assert journal.folder() is None
    assert repair() == []
    with pytest.raises(OSError, match="no home"):
        Journal("1-a.")


def test_what_has_gone_is_undone(tmp_path: Path) -> None:
    assert carry_out(Undo(GROUP, str(tmp_path / "tailtune-none"))) == ""
    assert carry_out(Undo(FOLDER, str(tmp_path / "tailtune-none"))) == ""
    (tmp_path / "tailtune-file").write_text("")
    assert "Not a directory" in carry_out(Undo(GROUP, str(tmp_path / "tailtune-file")))


def test_without_a_place_for_the_journal_nothing_is_changed(
    tmp_path: Path, supervisor: Supervisor, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "file"))
    with (
        pytest.raises(SetupError, match="no setting is changed") as told,
        supervisor.setting(Undo(FOLDER, "/tailtune-none")),
    ):
        pytest.fail("the block ran")
    assert "XDG_STATE_HOME" in told.value.hint
