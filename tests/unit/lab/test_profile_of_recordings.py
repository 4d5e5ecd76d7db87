"""Profiles of recordings: which one is shown, compared for equal work, and walked by keyboard."""

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING

from tests.support.imports import Silent
from tests.support.pprof import encode
from tests.support.recordings import latency, load_report, manifest

from tailtune.bundle import BundleWriter, Workspace
from tailtune.lab.profile import profile
from tailtune.lab.profile_source import Taking
from tailtune.lab.profile_views import Look
from tailtune.model.profile_diff import Basis
from tailtune.model.profile_view import ProfileResult
from tailtune.model.recording import Kind
from tailtune.show.tui.app import IcicleApp

if TYPE_CHECKING:
    from tailtune.model.icicle import IcicleSource

TYPES = (("samples", "count"), ("cpu", "nanoseconds"))


def recorded(root: Path, hashing: int, requests: int) -> str:
    """Write a recording whose diagnosis has so many samples in `hash`, and more profiles than that one."""
    stacks: dict[tuple[str, ...], tuple[int, int]] = {
        ("main.hash", "main.serve"): (hashing, hashing * 1_000_000),
        ("main.sort", "main.serve"): (90, 90_000_000),
    }
    with BundleWriter.create(Workspace(root), Kind.RUN) as writer:
        writer.add_table("latency", latency((1, 2, 3)))
        writer.add_file("profiles/on-cpu.diagnose.pb.gz", encode(stacks, TYPES))
        writer.add_file("profiles/on-cpu.measure.pb.gz", encode({("main.other",): (1, 1)}, TYPES))
        writer.add_file("profiles/go-heap.measure.pb.gz", encode({("main.other",): (1, 1)}, TYPES))
        writer.finish(manifest(diagnose_load=load_report(completed_requests=requests)))
    return writer.id


def look_at(root: Path, source: str, **more: object) -> ProfileResult:
    return profile(source, root, Taking(), Look(), progress=Silent(), **more)  # type: ignore[arg-type]


def test_the_diagnosis_is_shown_and_the_others_are_named(tmp_path: Path) -> None:
    name = recorded(tmp_path, 500, 1000)
    result = look_at(tmp_path, "latest")
    assert result.source.name == f"{name}: profiles/on-cpu.diagnose.pb.gz"
    assert result.tables[0].rows[0].name == "main.hash"
    assert any("go-heap.measure" in warning for warning in result.warnings)


def test_two_recordings_are_compared_by_what_a_request_costs(tmp_path: Path) -> None:
    base, candidate = recorded(tmp_path, 800, 2000), recorded(tmp_path, 800, 1000)
    diff = look_at(tmp_path, candidate, diff=base).diff
    assert diff is not None
    assert (diff.basis, diff.base.requests, diff.candidate.requests) == (Basis.REQUEST, 2000, 1000)
    (hashing,) = [one.own for one in diff.functions if one.name == "main.hash"]
    assert hashing.ratio is not None
    assert hashing.ratio.point == 2.0
    told = look_at(tmp_path, candidate, diff=base, requests=500).diff
    assert told is not None
    assert told.candidate.requests == 500


def test_a_recording_is_walked_as_an_icicle(tmp_path: Path) -> None:
    recorded(tmp_path, 500, 1000)
    given: list[IcicleSource] = []
    look_at(tmp_path, "latest", on_profile=given.append)

    async def shown() -> str:
        app = IcicleApp(given[0], "a recording")
        async with app.run_test(size=(80, 24)) as pilot:
            await pilot.press("down")
            return "".join(app.icicle.render_line(y).text for y in range(app.icicle.size.height))

    text = asyncio.run(shown())
    assert "main.serve" in text
    assert "main.hash" in text
