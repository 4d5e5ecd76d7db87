"""Profiles for the compiler: which llvm-profdata fits, and of which program a profile is."""

import os
from pathlib import Path

import pytest
from tests.support.pprof import encode

from tailtune.errors import BuildError
from tailtune.record.builds import pgo


def tool(path: Path, said: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{said}\n")
    path.chmod(0o755)


def compiler(tmp_path: Path) -> pgo.Rustc:
    return pgo.Rustc(version="rustc", host="host", llvm="22", sysroot=tmp_path)


def test_a_profdata_of_another_llvm_is_refused_with_a_remedy(tmp_path: Path) -> None:
    env = {**os.environ, "PATH": f"{tmp_path / 'bin'}:/bin"}
    with pytest.raises(BuildError, match="of LLVM 22, as rustc has it: none is there") as told:
        pgo.profdata(compiler(tmp_path), {"PATH": str(tmp_path)}, tmp_path)
    assert told.value.hint == "rustup component add llvm-tools"
    tool(tmp_path / "bin" / "llvm-profdata", 'test "$1" = merge && echo "Debian LLVM version 14.0.6"')
    with pytest.raises(BuildError, match=r"bin/llvm-profdata is of LLVM 14\.0\.6"):
        pgo.profdata(compiler(tmp_path), env, tmp_path)
    tool(tmp_path / "bin" / "llvm-profdata-22", "echo LLVM version 22.1.8")
    assert pgo.profdata(compiler(tmp_path), env, tmp_path).name == "llvm-profdata-22"
    own = tmp_path / "lib" / "rustlib" / "host" / "bin" / "llvm-profdata"
    tool(own, "echo LLVM version 22.1.2-rust-1.95.0-stable")
    assert pgo.profdata(compiler(tmp_path), env, tmp_path) == own


def test_a_profile_is_kept_by_content_or_by_name_and_old_ones_go(tmp_path: Path) -> None:
    source = tmp_path / "cpu.pprof"
    source.write_bytes(b"one")
    first = pgo.keep(source, tmp_path)
    source.write_bytes(b"two")
    second = pgo.keep(source, tmp_path)
    assert first != second
    assert first.read_bytes() == b"one"
    assert pgo.keep(source, tmp_path, "made-of") == pgo.kept(tmp_path, "made-of")
    for number in range(40):
        source.write_bytes(bytes([number]))
        pgo.keep(source, tmp_path)
    assert len(list(first.parent.iterdir())) == 32


def test_profiles_of_nothing_and_of_other_programs_are_refused(tmp_path: Path) -> None:
    with pytest.raises(BuildError, match="there is no profile"):
        pgo.profile_path("absent.profdata", "guided", tmp_path)
    profile = tmp_path / "some.profdata"
    profile.write_bytes(b"text")
    with pytest.raises(BuildError, match="not what `llvm-profdata merge` writes"):
        pgo.check_rust(profile, "shop", "guided")
    profile.write_bytes(b"\xfflprofi\x81....._ZN5other4main17h0E")
    with pytest.raises(BuildError, match="profile of another program: it has no function of my_shop"):
        pgo.check_rust(profile, "my-shop", "guided")
    profile.write_bytes(b"\xfflprofi\x81....._ZN7my_shop4main17h0E")
    pgo.check_rust(profile, "my-shop", "guided")


def test_what_every_go_program_has_makes_no_profile_its_own(tmp_path: Path) -> None:
    served = ("main.churn", "net/http.(*conn).serve", "sync.(*Once).Do", "main.main", "example.com/shop/cart.Total")
    profile, binary = tmp_path / "cpu.pprof", tmp_path / "service"
    profile.write_bytes(encode({served: [9]}, [("samples", "count")]))
    binary.write_bytes(b"\0main.main\0sync.(*Once).Do\0net/http.(*conn).serve\0")
    with pytest.raises(BuildError, match="profile of another program: this one has none of its functions"):
        pgo.check_go(profile, binary, "trained")
    binary.write_bytes(b"\0main.churn\0example.com/shop/cart.Total\0")
    assert pgo.check_go(profile, binary, "trained") == ""
    binary.write_bytes(b"\0main.main\0")
    profile.write_bytes(encode({("main.main", "runtime.main"): [9]}, [("samples", "count")]))
    assert pgo.check_go(profile, binary, "trained") == ""
