"""Runs one variant of a specimen and takes from tailtune's JSON what the score needs."""

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import msgspec

_TAILTUNE: Final = (sys.executable, "-m", "tailtune")
_LOAD_INVALID: Final = 103
"""The run is recorded all the same, and its findings count: users read them, too."""


class Estimate(msgspec.Struct, frozen=True):
    """A point; its interval is not needed here."""

    point: float


class Finding(msgspec.Struct, frozen=True):
    """As much of a finding as is scored."""

    id: str
    title: str
    share: Estimate
    share_of: str


class _Quantile(msgspec.Struct, frozen=True):
    q: float
    estimate: Estimate | None


class _Latency(msgspec.Struct, frozen=True):
    quantiles: list[_Quantile]


class _Window(msgspec.Struct, frozen=True):
    latency: _Latency
    validity: str


class _Summary(msgspec.Struct, frozen=True):
    measure: _Window


class _Requests(msgspec.Struct, frozen=True):
    coverage: Estimate | None = None


class _Explained(msgspec.Struct, frozen=True):
    bundle_id: str
    summary: _Summary
    findings: list[Finding]
    requests: _Requests | None = None


class _Ran(msgspec.Struct, frozen=True):
    bundle_id: str


class Observed(msgspec.Struct, frozen=True, kw_only=True):
    """What one run of one variant said."""

    bundle_id: str = ""
    validity: str = ""
    p99_ns: float | None = None
    named: float | None = None
    """Share of the slowest hundredth's time that is in parts of which it is known what they are; None: not told."""
    findings: list[Finding] = []
    """Best first."""
    error: str = ""
    """Why there is nothing else; empty: there is."""


def observe(config: Path, variant: str, seconds: int, *, options: Sequence[str] = ()) -> Observed:
    """Run a variant once, with further options of `tailtune run`, and explain it."""
    place = ("--config", str(config), "--json", "--quiet")
    settings = ("--variant", variant, "--duration", f"{seconds}s", *options)
    ran = subprocess.run([*_TAILTUNE, "run", *settings, *place], capture_output=True, check=False)
    if ran.returncode not in (0, _LOAD_INVALID):
        return _failed("run", ran)
    try:
        recording = msgspec.json.decode(ran.stdout, type=_Ran).bundle_id
    except msgspec.MsgspecError:  # exit code 103, but not by the verdict on a finished load
        return _failed("run", ran)
    return explained(config, recording)


def explained(config: Path, recording: str) -> Observed:
    """Explain a recording, given by its ID."""
    command = [*_TAILTUNE, "explain", recording, "--config", str(config), "--json", "--quiet"]
    told = subprocess.run(command, capture_output=True, check=False)
    return _failed("explain", told) if told.returncode else understood(told.stdout)


def understood(text: bytes) -> Observed:
    """Return what the JSON of `tailtune explain` says.

    Raises:
        msgspec.MsgspecError: if it is something else.
    """
    told = msgspec.json.decode(text, type=_Explained)
    window = told.summary.measure
    p99 = next((one.estimate for one in window.latency.quantiles if one.q == 0.99), None)
    return Observed(
        bundle_id=told.bundle_id,
        validity=window.validity,
        p99_ns=p99.point if p99 else None,
        named=told.requests.coverage.point if told.requests and told.requests.coverage else None,
        findings=told.findings,
    )


def _failed(command: str, done: "subprocess.CompletedProcess[bytes]") -> Observed:
    said = (done.stderr or done.stdout).decode(errors="replace").strip().splitlines()
    return Observed(error=f"tailtune {command} ended with {done.returncode}: {' '.join(said[:3])}")
