"""What native profiles are summed by, and what is summed: values, squares of the samples' weights, numbers of samples.

Names are normalised before anything is summed. Otherwise two closures of one function that are on the same stack would
count twice in the sum of the one name that they have in common.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
import numpy.typing as npt

from tailtune.errors import UsageError
from tailtune.judge.names import crate, normalized
from tailtune.model.profile_diff import Grouping

if TYPE_CHECKING:
    from tailtune._native import Profile

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]

COUNTED: Final = ("samples", "switches", "faults", "contentions")
"""Sample types, of unit count, that are numbers of sampled events."""
_HEAP: Final = re.compile(r"(alloc|inuse)_(space|objects)")
_GO_PACKAGE: Final = re.compile(r"^(?P<package>(?:[^(\[]*/)?[^./(\[]+)\.")

FrameRow = tuple[str, str, str, int, bool, bool]
"""Function, file, module, line, inlined, kernel."""


@dataclass(frozen=True)
class Sums:
    """Of one profile: arrays over its stacks, or over groups of its frames."""

    value: Floats
    squares: Floats
    """Sums of the squares of the samples' weights."""
    samples: Floats


def group_frames(frames: Sequence[FrameRow], grouping: Grouping) -> tuple[Integers, list[str]]:
    """Return the group of each frame, and the names of the groups."""
    name = NAME_OF[grouping]
    index: dict[str, int] = {}
    of_frame = [index.setdefault(name(frame), len(index)) for frame in frames]
    return np.array(of_frame, dtype=np.int64), list(index)


def _file(frame: FrameRow) -> str:
    return frame[1] or "(unknown file)"


def _package(frame: FrameRow) -> str:
    """Return the crate, the Go package, or for other code the module."""
    function = frame[0]
    found = _GO_PACKAGE.match(function)
    return crate(function) or (found["package"] if found else "") or frame[2].rsplit("/", 1)[-1] or function


NAME_OF: Final[dict[Grouping, Callable[[FrameRow], str]]] = {
    Grouping.FUNCTION: lambda frame: normalized(frame[0]),
    Grouping.LINE: lambda frame: f"{normalized(frame[0])} {_file(frame).rsplit('/', 1)[-1]}:{frame[3]}",
    Grouping.FILE: _file,
    Grouping.MODULE: lambda frame: frame[2] or "(unknown module)",
    Grouping.PACKAGE: _package,
}


def weights_of(profile: "Profile", kind: str) -> Sums:
    """Return the value, the sum of squared weights and the number of samples of each stack.

    Without single samples, those of one stack are taken to weigh the same: squares are at least value² / samples.
    """
    position = kind_index(profile, kind)
    value = np.array(profile.values(position), dtype=np.float64)
    samples = _samples(profile, position, value)
    squares = np.divide(value * value, samples, out=np.zeros_like(value), where=samples > 0)
    of_single = np.frombuffer(profile.squares(position), dtype="<f8")
    return Sums(value, np.maximum(squares, of_single) if len(of_single) else squares, samples)


def mean_weight(profile: "Profile", kind: str) -> float:
    """Return what a sample weighs on average, heavy ones counting more: 0 without samples.

    Raises:
        UsageError: if the profile has no values of this type.
    """
    weights = weights_of(profile, kind)
    total = float(weights.value.sum())
    return float(weights.squares.sum()) / total if total else 0.0


def kind_index(profile: "Profile", kind: str) -> int:
    """Return which of the profile's sample types is called `kind`.

    Raises:
        UsageError: if there is none.
    """
    kinds = [name for name, _ in profile.sample_types]
    if kind not in kinds:
        raise UsageError(f"a profile has no values of type `{kind}`, only {', '.join(kinds) or 'none'}")
    return kinds.index(kind)


def _samples(profile: "Profile", position: int, value: Floats) -> Floats:
    """Return how many samples stand behind the value of each stack."""
    types = profile.sample_types
    kind, unit = types[position]
    counted = next((at for at, (name, of) in enumerate(types) if name in COUNTED and of == "count"), None)
    if counted is not None:
        return np.array(profile.values(counted), dtype=np.float64)
    heap = _HEAP.fullmatch(kind)
    if heap:
        return _heap_samples(profile, heap[1])
    if unit == "nanoseconds" and profile.period > 0:
        return value / profile.period
    return value if unit == "count" else (value > 0).astype(np.float64)


def _heap_samples(profile: "Profile", life: str) -> Floats:
    """Return the sampled allocations behind scaled-up ones.

    An allocation of `size` bytes is sampled with probability 1 - exp(-size / rate), and sources divide by it (Go's
    runtime/pprof `scaleHeapSample`, jeprof); here this is undone.
    """
    objects, space = (
        np.array(profile.values(kind_index(profile, f"{life}_{what}")), dtype=np.float64)
        for what in ("objects", "space")
    )
    if profile.period <= 1:
        return objects
    size = np.divide(space, objects, out=np.zeros_like(space), where=objects > 0)
    return np.asarray(objects * -np.expm1(-size / profile.period))
