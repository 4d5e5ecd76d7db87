"""A rate profile in short text, as an option of the command line: `100..1000 over 30s, hold 1000 for 20s`."""

import re
from typing import Any, Final

from tailtune.config.profiles import stages
from tailtune.errors import UsageError
from tailtune.model.profile import Shape, Stage
from tailtune.model.units import Duration

_NUMBER: Final = r"\d+(?:\.\d+)?(?:[eE]\d+)?"
_TIME: Final = r"(?:\d+(?:\.\d+)?\s*(?:ns|us|µs|ms|min|s|m|h)\s*)+"
_FORMS: Final = {
    Shape.RAMP: re.compile(
        rf"(?:ramp\s+)?(?P<from>{_NUMBER})\s*\.\.\s*(?P<to>{_NUMBER})\s+over\s+(?P<duration>{_TIME})"
    ),
    Shape.HOLD: re.compile(rf"(?:hold\s+)?(?P<rate>{_NUMBER})\s+for\s+(?P<duration>{_TIME})"),
    Shape.STEPS: re.compile(rf"steps\s+(?P<rates>{_NUMBER}(?:\s+{_NUMBER})*)\s+over\s+(?P<duration>{_TIME})"),
    Shape.SINE: re.compile(
        rf"sine\s+(?P<mean>{_NUMBER})\s*(?:±|\+-)\s*(?P<amplitude>{_NUMBER})\s+every\s+(?P<period>{_TIME})"
        rf"\s+for\s+(?P<duration>{_TIME})"
    ),
    Shape.BURST: re.compile(
        rf"(?P<random>random\s+)?burst\s+(?P<on>{_NUMBER})\s*/\s*(?P<off>{_NUMBER})\s+of\s+(?P<on_for>{_TIME})\s*/\s*"
        rf"(?P<off_for>{_TIME})\s+for\s+(?P<duration>{_TIME})"
    ),
}
_LONGEST: Final = 10_000
ACCEPTED: Final = (
    "stages with commas between them: `100..1000 over 30s`, `1000 for 20s`, `steps 100 200 400 over 30s`, "
    "`sine 500±300 every 10s for 60s`, `burst 2000/100 of 200ms/800ms for 60s`"
)


def profile_of(text: str) -> list[Stage]:
    """Read a profile.

    Raises:
        UsageError: if it is none; the message names the stage and what is accepted.
    """
    if len(text) > _LONGEST:
        raise UsageError(f"the profile is longer than {_LONGEST:,} characters", hint="put it into a workload file")
    profile = [_stage(part.strip()) for part in text.split(",")]
    if wrong := list(stages("profile", profile)):
        raise UsageError(str(wrong[0]), hint=f"write {ACCEPTED}")
    return profile


def _stage(text: str) -> Stage:
    for shape, form in _FORMS.items():
        if found := form.fullmatch(text):
            return Stage(shape=shape, **{_field(key): _value(key, value) for key, value in found.groupdict().items()})
    raise UsageError(f"{text!r} is not a stage of a profile", hint=f"write {ACCEPTED}")


def _field(key: str) -> str:
    return {"from": "from_per_s", "to": "to_per_s"}.get(key, key)


def _value(key: str, text: str | None) -> Any:  # noqa: ANN401 - what the field holds
    if key in ("duration", "period", "on_for", "off_for"):
        return Duration.parse(text or "")
    if key == "rates":
        return [float(one) for one in (text or "").split()]
    if key == "random":
        return True if text else None
    return float(text or 0)
