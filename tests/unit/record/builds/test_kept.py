"""Builds that are kept: found by what they were made of, noticed when damaged, removed by last use."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import IO

import pytest

from tailtune.bundle.storage import sha256
from tailtune.model.recording import Artifact
from tailtune.record.builds import artifacts, kept


class Maker:
    """Builds a program and counts how often."""

    def __init__(self, cache: Path, text: str = "#!/bin/sh\n") -> None:
        self.cache = cache
        self.text = text
        self.builds = 0

    def __call__(self) -> Artifact:
        self.builds += 1
        binary = self.cache / "program"
        binary.write_text(self.text)
        binary.chmod(0o755)
        return artifacts.store(binary, "first", self.cache, ["make"], 1.5)


@pytest.fixture(autouse=True)
def _free(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    held: list[IO[bytes]] = []
    monkeypatch.setattr(kept, "_in_use", held)
    yield
    for stream in held:
        stream.close()


def test_the_same_is_built_once(tmp_path: Path) -> None:
    make = Maker(tmp_path)
    first = kept.build(tmp_path, "first", "key", make)
    again = kept.build(tmp_path, "second", "key", make)
    assert make.builds == 1
    assert (first.reused, again.reused) == (False, True)
    assert (again.variant, again.path, again.build_seconds) == ("second", first.path, 0.0)
    kept.build(tmp_path, "third", "other key", make)
    kept.build(tmp_path, "fourth", "", make)
    kept.build(tmp_path, "fifth", "", make)
    assert make.builds == 4


@pytest.mark.parametrize("damage", ["content", "gone", "entry", "mode"])
def test_what_is_damaged_is_built_anew(tmp_path: Path, damage: str) -> None:
    make = Maker(tmp_path)
    path = Path(kept.build(tmp_path, "first", "key", make).path)
    if damage == "content":
        path.write_text("#!/bin/zsh\n")
    elif damage == "gone":
        path.unlink()
    elif damage == "mode":
        path.chmod(0o644)
    else:
        next((tmp_path / "kept").iterdir()).write_bytes(b"{")
    again = kept.build(tmp_path, "first", "key", make)
    assert make.builds == 2
    assert not again.reused
    assert sha256(Path(again.path)) == again.sha256
    assert os.access(again.path, os.X_OK)


def test_the_least_recently_used_go_and_those_in_use_stay(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    paths = []
    for number in range(4):
        made = kept.build(tmp_path, "one", f"key-{number}", Maker(tmp_path, f"#!/bin/sh\n# {number}\n"))
        paths.append(Path(made.path))
        os.utime(paths[-1].parent, ns=(number, number))
    kept.prune(tmp_path, most=1)
    assert [path.exists() for path in paths] == [True] * 4
    for stream in kept._in_use[:2]:
        stream.close()
    kept.prune(tmp_path, most=2)
    assert [path.exists() for path in paths] == [False, False, True, True]
    assert sorted(path.stem for path in (tmp_path / "kept").iterdir()) == ["key-2", "key-3"]
    for stream in kept._in_use:
        stream.close()
    kept.prune(tmp_path, most_bytes=paths[3].stat().st_size)
    assert [path.exists() for path in paths] == [False, False, False, True]


def test_a_key_tells_texts_apart() -> None:
    keys = {kept.key("a", ["b", "c"]), kept.key("a", ["bc"]), kept.key("ab", ["c"]), kept.key("a", "b", "c")}
    assert len(keys) == 4


def test_files_in_arguments_count_by_content(tmp_path: Path) -> None:
    path = tmp_path / "overlay.json"
    path.write_text("{}")
    words = ["-v", "./cmd/api", f"-overlay={path}", "-mod=/nowhere"]
    assert kept.files_in(words) == [sha256(path)]
