"""Frame pointers are added to the flags in force, whatever source cargo takes them from."""

from pathlib import Path

import pytest

from tailtune.errors import BuildError
from tailtune.model.project import Language, Service
from tailtune.record.targets import rust

ADDED = "-Cforce-frame-pointers=yes"


@pytest.fixture
def home(tmp_path: Path) -> dict[str, str]:
    return {"CARGO_HOME": str(tmp_path / "home")}


def configure(folder: Path, text: str) -> None:
    (folder / ".cargo").mkdir(parents=True)
    (folder / ".cargo" / "config.toml").write_text(text)


def test_without_flags_of_the_user(home: dict[str, str], tmp_path: Path) -> None:
    assert rust._frame_pointers(home, tmp_path) == ["--config", f'build.rustflags=["{ADDED}"]']
    assert "RUSTFLAGS" not in home


def test_after_those_of_the_environment(home: dict[str, str], tmp_path: Path) -> None:
    env = {**home, "RUSTFLAGS": "-Ctarget-cpu=native"}
    assert rust._frame_pointers(env, tmp_path) == []
    assert env["RUSTFLAGS"] == f"-Ctarget-cpu=native {ADDED}"
    env |= {"CARGO_ENCODED_RUSTFLAGS": "-Ca=b\x1f-Cc=d"}
    assert rust._frame_pointers(env, tmp_path) == []
    assert env["CARGO_ENCODED_RUSTFLAGS"].split("\x1f") == ["-Ca=b", "-Cc=d", ADDED]


def test_beside_those_of_a_configuration_above(home: dict[str, str], tmp_path: Path) -> None:
    configure(tmp_path, '[target.x86_64-unknown-linux-gnu]\nrustflags = ["-Ctarget-cpu=native"]\n')
    package = tmp_path / "crates" / "service"
    package.mkdir(parents=True)
    assert rust._frame_pointers(home, package) == ["--config", f"target.'cfg(all())'.rustflags=[\"{ADDED}\"]"]


def test_a_broken_configuration_is_left_to_cargo(home: dict[str, str], tmp_path: Path) -> None:
    configure(tmp_path, "= broken")
    assert rust._frame_pointers(home, tmp_path) == ["--config", f'build.rustflags=["{ADDED}"]']


MESSAGES = """\
{"reason":"compiler-artifact","target":{"name":"axum"},"executable":null}
{"reason":"compiler-artifact","target":{"name":"api"},"executable":"/t/release/api"}
not json
{"reason":"compiler-artifact","target":{"name":"admin"},"executable":"/t/release/admin"}
{"reason":"build-finished","success":true}
"""


def test_the_program_is_found_in_cargos_messages() -> None:
    found = rust._binaries(MESSAGES)
    assert found == {"api": Path("/t/release/api"), "admin": Path("/t/release/admin")}
    service = Service(language=Language.RUST, binary="admin")
    assert rust._choose(found, service, "base") == Path("/t/release/admin")


@pytest.mark.parametrize(("binary", "found"), [("", ["api", "admin"]), ("", []), ("other", ["api"])])
def test_an_unclear_choice_is_an_error(binary: str, found: list[str]) -> None:
    service = Service(language=Language.RUST, binary=binary)
    with pytest.raises(BuildError, match=f"builds {len(found)} programs"):
        rust._choose({name: Path(name) for name in found}, service, "base")
