"""When two variants are one: an A/A is recognised by the code that is loaded, and by all settings."""

import msgspec
import pytest
from tests.support.recordings import ENVIRONMENT

from tailtune.judge.comparison import same_artifact
from tailtune.model.instrument import Instrument
from tailtune.model.project import Variant
from tailtune.model.recording import Artifact, Kind, Manifest


def artifact(variant: str, sha256: str, content: str) -> Artifact:
    return Artifact(
        variant=variant, path="/p", sha256=sha256, build_id="", build_command=[], build_seconds=1, size_bytes=1,
        content_sha256=content,
    )  # fmt: skip


def manifest(one: tuple[str, str], other: tuple[str, str], **settings: object) -> Manifest:
    return Manifest(
        id="x",
        kind=Kind.EXPERIMENT,
        created_utc="2026-01-01T00:00:00+00:00",
        command=[],
        environment=ENVIRONMENT,
        variants={"main": Variant(git_ref="main"), "base": msgspec.convert(settings, Variant)},
        artifacts=[artifact("main", *one), artifact("base", *other)],
    )


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        (("a", "c"), ("a", "c"), True),
        (("a", "c"), ("b", "c"), True),
        (("a", "c"), ("b", "d"), False),
        (("a", ""), ("b", ""), False),
        (("a", ""), ("a", ""), True),
        (("", ""), ("", ""), False),
    ],
)
def test_what_is_loaded_decides(one: tuple[str, str], other: tuple[str, str], same: bool) -> None:
    assert same_artifact(manifest(one, other), "main", "base") is same


def test_any_setting_makes_two_of_them() -> None:
    changes: list[dict[str, object]] = [
        {"env": {"A": "1"}},
        {"args": []},
        {"knobs": {"gogc": "50"}},
        {"instrument": Instrument()},
    ]
    for settings in changes:
        assert not same_artifact(manifest(("a", "c"), ("a", "c"), **settings), "main", "base")


def test_without_an_artifact_there_is_no_pair() -> None:
    whole = manifest(("a", "c"), ("a", "c"))
    assert same_artifact(whole, "main", "base")
    assert not same_artifact(msgspec.structs.replace(whole, artifacts=whole.artifacts[:1]), "main", "base")
