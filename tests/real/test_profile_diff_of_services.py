"""Profiles of the example services in both variants, compared: the planted differences, and what few samples say."""

import json
import random
import subprocess
import sys
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from tests.support.example_services import GO, RUST, Request, answer, lines, serving
from tests.support.sampling import permitted

from tailtune import config
from tailtune._native import Sampler

pytestmark = pytest.mark.real

HZ = 999


def searches(corpus: Path, path: str, number: int) -> list[Request]:
    draw = random.Random(7)
    return [
        ("GET", f"{path}?q={quote(typed)}", None) for typed in draw.choices(lines(corpus / "queries.txt"), k=number)
    ]


def profiled(binary: Path, folder: Path, corpus: Path, requests: list[Request], output: Path) -> Path:
    """Sample a service while it answers, and write what was seen as pprof."""
    with serving(binary, config.load(folder / "tailtune.toml"), corpus / "documents") as (pid, connection):
        sampler = Sampler(pid, HZ)
        sampler.start()
        for request in requests:
            assert answer(connection, request)[0] == 200
        found = sampler.stop().on_cpu
    assert found is not None
    output.write_bytes(found.to_pprof())
    return output


def compared(base: Path, candidate: Path, *more: str) -> str:
    command = [sys.executable, "-m", "tailtune", "profile", str(candidate), "--diff", str(base), *more]
    return subprocess.run(command, capture_output=True, text=True, check=True, timeout=60).stdout


def changes(base: Path, candidate: Path, requests: int) -> dict[str, dict[str, Any]]:
    served = [f"--requests={requests}", f"--base-requests={requests}"]
    diff = json.loads(compared(base, candidate, *served, "--json"))["diff"]
    assert diff["basis"] == "request"
    return {one["name"]: one for one in diff["functions"]}


def test_what_was_planted_in_go_is_found_and_few_samples_say_so(
    go_binaries: dict[str, Path], corpus: Path, tmp_path: Path
) -> None:
    permitted()
    requests = searches(corpus, "/search", 500)
    base, fast = (
        profiled(go_binaries[name], GO, corpus, requests, tmp_path / f"{name}.pb.gz") for name in ("base", "fast")
    )
    found = changes(base, fast, len(requests))
    compiling = next(one["cumulative"] for name, one in found.items() if name == "regexp.compile")
    assert compiling["change"] == "lower"
    assert compiling["difference"]["high"] < 0
    assert compiling["base_samples"] > 25  # how many depends on how fast the machine is
    assert found["main.(*index).search"]["cumulative"]["change"] == "lower"
    few_base, few_fast = (
        profiled(go_binaries[name], GO, corpus, requests[:40], tmp_path / f"{name}.few.pb.gz")
        for name in ("base", "fast")
    )
    text = compared(few_base, few_fast)
    assert "changed by itself" not in text
    assert "too few" in text


def test_what_was_planted_in_rust_is_found(rust_binaries: dict[str, Path], corpus: Path, tmp_path: Path) -> None:
    permitted()
    requests = searches(corpus, "/suggest", 1500)
    base, fast = (
        profiled(rust_binaries[name], RUST, corpus, requests, tmp_path / f"{name}.pb.gz") for name in ("base", "fast")
    )
    found = changes(base, fast, len(requests))
    hashing = {name: one["cumulative"] for name, one in found.items() if "hash_map::HashMap" in name or "sip" in name}
    assert any(one["change"] == "lower" and one["difference"]["high"] < 0 for one in hashing.values()), sorted(found)
