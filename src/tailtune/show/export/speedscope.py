"""The speedscope file format: one profile, sampled, without times.

Format: https://www.speedscope.app/file-format-schema.json, version 0.0.1 of the exporter's side.
"""

from typing import TYPE_CHECKING, Any, Final

import msgspec

if TYPE_CHECKING:
    from tailtune._native import Profile

_SCHEMA: Final = "https://www.speedscope.app/file-format-schema.json"
_UNITS: Final = {"nanoseconds": "nanoseconds", "bytes": "bytes"}


def speedscope(profile: "Profile", name: str, value: int) -> bytes:
    """Write one sample type of a profile; stacks without value are left out."""
    kind, unit = profile.sample_types[value]
    frames = [_frame(frame) for frame in profile.frames()]
    pairs = zip(profile.stacks(), profile.values(value), strict=True)
    found = [(stack[::-1], weight) for stack, weight in pairs if weight > 0]
    content = {
        "$schema": _SCHEMA,
        "exporter": "tailtune",
        "name": name,
        "activeProfileIndex": 0,
        "shared": {"frames": frames},
        "profiles": [
            {
                "type": "sampled",
                "name": f"{name} ({kind})",
                "unit": _UNITS.get(unit, "none"),
                "startValue": 0,
                "endValue": sum(weight for _, weight in found),
                "samples": [stack for stack, _ in found],
                "weights": [weight for _, weight in found],
            }
        ],
    }
    return msgspec.json.encode(content)


def _frame(frame: tuple[str, str, str, int, bool, bool]) -> dict[str, Any]:
    function, file, _, line, _, _ = frame
    place: dict[str, Any] = {"file": file} if file else {}
    return {"name": function, **place, **({"line": line} if line else {})}
