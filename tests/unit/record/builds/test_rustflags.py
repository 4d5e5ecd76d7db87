"""Flags are added to those in force, whatever source cargo takes them from."""

from pathlib import Path

import pytest

from tailtune.record.builds import rustflags

ADDED = "-Cforce-frame-pointers=yes"


@pytest.fixture
def home(tmp_path: Path) -> dict[str, str]:
    return {"CARGO_HOME": str(tmp_path / "home")}


def configure(folder: Path, text: str) -> None:
    (folder / ".cargo").mkdir(parents=True)
    (folder / ".cargo" / "config.toml").write_text(text)


def test_without_flags_of_the_user(home: dict[str, str], tmp_path: Path) -> None:
    assert rustflags.add([ADDED], home, tmp_path) == ["--config", f'build.rustflags=["{ADDED}"]']
    assert "RUSTFLAGS" not in home


def test_after_those_of_the_environment(home: dict[str, str], tmp_path: Path) -> None:
    env = {**home, "RUSTFLAGS": "-Ctarget-cpu=native"}
    assert rustflags.add([ADDED], env, tmp_path) == []
    assert env["RUSTFLAGS"] == f"-Ctarget-cpu=native {ADDED}"
    env |= {"CARGO_ENCODED_RUSTFLAGS": "-Ca=b\x1f-Cc=d"}
    assert rustflags.add([ADDED], env, tmp_path) == []
    assert env["CARGO_ENCODED_RUSTFLAGS"].split("\x1f") == ["-Ca=b", "-Cc=d", ADDED]


def test_beside_those_of_a_configuration_above(home: dict[str, str], tmp_path: Path) -> None:
    configure(tmp_path, '[target.x86_64-unknown-linux-gnu]\nrustflags = ["-Ctarget-cpu=native"]\n')
    package = tmp_path / "crates" / "service"
    package.mkdir(parents=True)
    assert rustflags.add([ADDED], home, package) == ["--config", f"target.'cfg(all())'.rustflags=[\"{ADDED}\"]"]


def test_a_broken_configuration_is_left_to_cargo(home: dict[str, str], tmp_path: Path) -> None:
    configure(tmp_path, "= broken")
    assert rustflags.add([ADDED], home, tmp_path) == ["--config", f'build.rustflags=["{ADDED}"]']


def test_several_and_with_spaces(home: dict[str, str], tmp_path: Path) -> None:
    assert rustflags.add(["-C", "a=b"], home, tmp_path) == ["--config", 'build.rustflags=["-C","a=b"]']
    env = {**home, "RUSTFLAGS": "-Ca  -Cb"}
    assert rustflags.add(["-Clink-arg=/a folder/x.o"], env, tmp_path) == []
    assert "RUSTFLAGS" not in env
    assert env["CARGO_ENCODED_RUSTFLAGS"].split("\x1f") == ["-Ca", "-Cb", "-Clink-arg=/a folder/x.o"]
