"""A workload as the schedule's compiler takes it: JSON, bodies, message descriptors and a trace."""

from pathlib import Path
from typing import Any, Final

import msgspec

from tailtune.errors import ConfigError
from tailtune.model.profile import Sessions, Shape, Stage
from tailtune.model.units import Duration
from tailtune.model.workload import Arrival, Framing, Protocol, Workload
from tailtune.record.engine.descriptors import read_descriptors
from tailtune.record.engine.numbers import number, seconds
from tailtune.record.engine.payloads import Blobs, operation_spec

_SEED_MASK: Final = 2**64 - 1


class Specification(msgspec.Struct, frozen=True, kw_only=True):
    """What is handed to the compiler."""

    json: bytes
    blobs: list[bytes]
    trace: Path | None
    descriptors: bytes | None


def specify(workload: Workload, root: Path) -> Specification:
    """Resolve a workload: files are read, templates split, defaults filled in.

    Args:
        workload: What to send.
        root: Directory that file names of the workload are relative to.

    Raises:
        ConfigError: For impossible values, unknown placeholders, and files that are missing or empty.
    """
    if not workload.operations:
        raise ConfigError("the workload has no operations", hint="Add at least one operation with a path.")
    blobs = Blobs()
    operations = [operation_spec(one, workload.protocol, root, blobs) for one in workload.operations]
    framing = _framing(workload, blobs)
    closed = workload.arrival is Arrival.CLOSED
    spec = {
        "arrival": workload.arrival.value,
        "protocol": workload.protocol.value,
        "rate_per_s": float(workload.rate_per_s),
        "duration_ns": int(workload.duration),
        "seed": workload.seed & _SEED_MASK,
        "max_connections": workload.connections or 1 if closed else workload.max_connections,
        "profile": [piece for stage in workload.profile for piece in _stage(stage)],
        "sessions": _sessions(workload),
        "trace": None if workload.trace is None else {"speed": float(workload.trace.speed)},
        "framing": framing,
        "operations": operations,
    }
    return Specification(
        json=msgspec.json.encode(spec),
        blobs=blobs.all,
        trace=None if workload.trace is None else _existing(root / workload.trace.file, "trace"),
        descriptors=read_descriptors(workload, root),
    )


def _existing(path: Path, what: str) -> Path:
    if not path.is_file():
        raise ConfigError(
            f"{what}: there is no file {path}", hint="File names are relative to the file that holds the workload."
        )
    return path


def _stage(stage: Stage) -> list[dict[str, Any]]:
    """Return the stages that the compiler knows; steps are several."""
    length = int(stage.duration)
    match stage.shape:
        case Shape.HOLD:
            return [{"shape": "hold", "duration_ns": length, "rate_per_s": float(stage.rate or 0)}]
        case Shape.RAMP:
            rates = {"from_per_s": float(stage.from_per_s or 0), "to_per_s": float(stage.to_per_s or 0)}
            return [{"shape": "ramp", "duration_ns": length, **rates}]
        case Shape.STEPS:
            return _steps(stage.rates or [], length)
        case Shape.SINE:
            wave = {"mean_per_s": float(stage.mean or 0), "amplitude_per_s": float(stage.amplitude or 0)}
            return [{"shape": "sine", "duration_ns": length, **wave, "period_ns": int(stage.period or 0)}]
        case Shape.BURST:
            rates = {"on_per_s": float(stage.on or 0), "off_per_s": float(stage.off or 0)}
            lengths = {"on_ns": int(stage.on_for or 0), "off_ns": int(stage.off_for or 0)}
            return [{"shape": "burst", "duration_ns": length, **rates, **lengths, "random": bool(stage.random)}]


def _steps(rates: list[float], length_ns: int) -> list[dict[str, Any]]:
    """Hold each rate for an equal part; the parts add up to the whole."""
    edges = [length_ns * number // len(rates) for number in range(len(rates) + 1)]
    return [
        {"shape": "hold", "duration_ns": edges[index + 1] - edges[index], "rate_per_s": float(rate)}
        for index, rate in enumerate(rates)
    ]


def _sessions(workload: Workload) -> dict[str, Any] | None:
    if workload.arrival is not Arrival.SESSIONS:
        return None
    given = workload.sessions or Sessions()
    return {
        "requests": number(given.requests),
        "think_s": seconds(given.think),
        "expected_latency_ns": int(Duration(given.expected_latency)),
    }


def _framing(workload: Workload, blobs: Blobs) -> dict[str, Any] | None:
    if workload.protocol not in (Protocol.LINE, Protocol.LENGTH_PREFIXED):
        return None
    given = workload.framing or Framing()
    hello = None if given.hello is None else blobs.add([given.hello.encode()])["first"]
    return {
        "hello": hello,
        "greeting_lines": given.greeting_lines or 0,
        "answer_lines": 1 if given.answer_lines is None else given.answer_lines,
        "skip_unasked": bool(given.skip_unasked),
        "prefix_bytes": given.prefix_bytes or 4,
        "big_endian": given.big_endian is not False,
        "includes_prefix": bool(given.includes_prefix),
    }
