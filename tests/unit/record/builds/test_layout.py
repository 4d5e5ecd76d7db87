"""The linker is told a seed beside what the user tells it."""

from pathlib import Path

import pytest

from tailtune.errors import BuildError
from tailtune.record.builds import layout


@pytest.mark.parametrize(
    ("flags", "goflags", "expected"),
    [
        ([], "", ["-ldflags=-randlayout=7"]),
        (["-race"], "-mod=mod", ["-race", "-ldflags=-randlayout=7"]),
        (["-ldflags=-s -w"], "", ["-ldflags=-s -w -randlayout=7"]),
        (["-ldflags", "-X main.v=1", "-v"], "", ["-v", "-ldflags=-X main.v=1 -randlayout=7"]),
        (["--ldflags=-s", "-ldflags=-w"], "", ["-ldflags=-w -randlayout=7"]),
        ([], "-ldflags=-s -v", ["-ldflags=-s -randlayout=7"]),
        ([], "'-ldflags=-s -w' -v", ["-ldflags=-s -w -randlayout=7"]),
        (["-ldflags=-w"], "-ldflags=-s", ["-ldflags=-w -randlayout=7"]),
    ],
)
def test_the_users_own_ldflags_stay(flags: list[str], goflags: str, expected: list[str]) -> None:
    assert layout.go_flags(7, "drawn", "go1.26.8", flags, goflags) == expected


def test_an_old_go_is_named() -> None:
    with pytest.raises(BuildError, match=r"needs Go 1\.22 or later; this is go1\.21\.13"):
        layout.go_flags(7, "drawn", "go1.21.13", [], "")
    assert layout.go_flags(7, "drawn", "devel +abc", [], "") == ["-ldflags=-randlayout=7"]


def executable(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("")
    path.chmod(0o755)


def test_rust_takes_its_own_linker_then_one_on_the_path(tmp_path: Path) -> None:
    env = {"PATH": str(tmp_path / "bin")}
    with pytest.raises(BuildError, match="needs the linker lld or mold"):
        layout.rust_flags(7, "drawn", tmp_path, "host", env)
    executable(tmp_path / "bin" / "ld.mold")
    assert layout.rust_flags(7, "drawn", tmp_path, "host", env)[-1] == "-Clink-arg=-Wl,--shuffle-sections=7"
    executable(tmp_path / "bin" / "ld.lld")
    assert layout.rust_flags(7, "drawn", tmp_path, "host", env)[0] == "-Clink-arg=-fuse-ld=lld"
    own = tmp_path / "lib" / "rustlib" / "host" / "bin" / "gcc-ld"
    executable(own / "ld.lld")
    assert layout.rust_flags(7, "drawn", tmp_path, "host", env)[0] == f"-Clink-arg=-B{own}"
