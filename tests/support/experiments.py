"""Synthetic experiments: a small model of two services on a noisy machine, recorded by the real writer."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from tests.support.recordings import TWO_VARIANTS, S, artifact, latency, manifest, table

from tailtune.bundle import Bundle, BundleWriter, Workspace
from tailtune.model.recording import Kind


@dataclass
class Model:
    """What is simulated; factors multiply the candidate's figures."""

    seed: int = 1
    epochs: int = 10
    requests: int = 800
    """In each of the four slices of an epoch."""
    cpu_factor: float = 1.0
    latency_factor: float = 1.0
    epoch_sd: float = 0.02
    """Of the log ratio between restarts."""
    slice_sd: float = 0.02
    candidate: str = "fast"
    """Its name."""
    base: dict[str, Any] = field(default_factory=dict)
    """Changes of the manifest."""
    unsteady: tuple[int, ...] = ()
    slice_changes: dict[int, dict[str, Any]] = field(default_factory=dict)
    """By slice."""


def simulate(root: Path, model: Model) -> Bundle:
    """Record the experiment under `root` and open it."""
    generator = np.random.default_rng(model.seed)
    slices: list[dict[str, Any]] = []
    latencies: list[pa.Table] = []
    epochs: list[dict[str, Any]] = []
    fast = model.candidate
    for epoch in range(model.epochs):
        effects = {"base": 0.0, fast: generator.normal(0, model.epoch_sd)}
        order = ("base", fast, fast, "base") if generator.integers(2) else (fast, "base", "base", fast)
        for position, variant in enumerate(order):
            index = len(slices)
            shift = effects[variant] + generator.normal(0, model.slice_sd)
            factor = model.latency_factor if variant == model.candidate else 1.0
            values = generator.lognormal(np.log(5e6 * factor) + shift, 0.5, model.requests)
            latencies.append(latency(values, "slice", index))
            slices.append(_slice(epoch, index, position, variant, model, shift) | model.slice_changes.get(index, {}))
        epochs += [
            {"epoch": epoch, "variant": variant, "steady": epoch not in model.unsteady, "reason": "it moves"}
            for variant in effects
        ]
    changes = {"variants": TWO_VARIANTS, "artifacts": [artifact("base", "aa"), artifact(fast, "bb")]} | model.base
    with BundleWriter.create(Workspace(root), Kind.EXPERIMENT) as writer:
        writer.add_table("slices", table("slices", slices))
        writer.add_table("epochs", table("epochs", epochs))
        writer.add_table("latency", pa.concat_tables(latencies))
        return Bundle.open(writer.finish(manifest(Kind.EXPERIMENT, **changes)))


def _slice(epoch: int, index: int, position: int, variant: str, model: Model, shift: float) -> dict[str, Any]:
    factor = model.cpu_factor if variant == model.candidate else 1.0
    return {
        "epoch": epoch,
        "slice": index,
        "pair": position // 2,
        "position": position,
        "variant": variant,
        "validity": "VALID",
        "started_ns": index * 3 * S,
        "ended_ns": (index + 1) * 3 * S,
        "requests": model.requests,
        "completed": model.requests,
        "cpu_user_ns": int(model.requests * 2e6 * factor * np.exp(shift / 4)),
        "peak_rss_bytes": int(5e7 * np.exp(shift / 10)),
        "other_busy_ns": S // 10,
    }
