"""From what the sampler saw to the tables of stacks, frames, samples, waits and thread states.

Numbers of stacks and frames go on from profile to profile, so that the rows of all windows of a trial, on and
off the CPU, may stand in the same tables.
"""

from collections.abc import Sequence
from typing import Final

import numpy as np
import pyarrow as pa

from tailtune._native import Profile, Sampling
from tailtune.bundle.schema import ATOMIC_STACKS, FRAMES, SAMPLES, STACKS, THREAD_STATES, WAIT_ENDS, WAITS
from tailtune.record.formats import rows

_COLUMNS: Final = ("<i8", "<i4", "<i4", "<u4")
"""Types of the columns t_ns, tid, cpu, stack as the native core hands them over."""
_END_COLUMNS: Final = ("<i8", "<i4", "<i4", "u1", "<i4", "<u4")
"""The same of t_ns, tid, woken_by, woken_in, behind_pid and behind."""


class StackTables:
    """Turns profiles into rows, counting stacks and frames on."""

    def __init__(self) -> None:
        self._next_stack = 0
        self._next_frame = 0

    def on_cpu(self, profile: Profile, window: str, atomic: Sequence[int] = ()) -> dict[str, pa.Table]:
        """Return the tables `samples`, `stacks`, `frames` and `atomic_stacks` of a profile of CPU time.

        Args:
            profile: what was sampled.
            window: the window it is of.
            atomic: those of its stacks that end at an atomic instruction.
        """
        t_ns, tid, cpu, stack = _columns(profile)
        columns = [_windows(window, len(t_ns)), *map(pa.array, (t_ns, tid, cpu, stack + np.uint32(self._next_stack)))]
        marked = pa.array([stack + self._next_stack for stack in atomic], pa.uint32())
        return {
            "samples": pa.Table.from_arrays(columns, schema=SAMPLES),
            "atomic_stacks": pa.Table.from_arrays([marked], schema=ATOMIC_STACKS),
            **self._stacks(profile),
        }

    def off_cpu(self, profile: Profile, window: str) -> dict[str, pa.Table]:
        """Return the tables `waits`, `stacks` and `frames` of a profile of time off the CPU."""
        t_ns, tid, _, stack = _columns(profile)
        blocked, runnable = (np.frombuffer(profile.sample_values(at), "<i8") for at in (1, 2))
        numbers = (t_ns, tid, stack + np.uint32(self._next_stack), blocked, runnable)
        columns = [_windows(window, len(t_ns)), *map(pa.array, numbers)]
        return {"waits": pa.Table.from_arrays(columns, schema=WAITS), **self._stacks(profile)}

    def _stacks(self, profile: Profile) -> dict[str, pa.Table]:
        lengths, flat = (np.frombuffer(column, "<u4").astype(np.int64) for column in profile.stack_columns())
        frames = profile.frames()
        tables = {
            "stacks": _stack_rows(lengths, flat, self._next_stack, self._next_frame),
            "frames": _frame_rows(frames, self._next_frame),
        }
        self._next_stack += len(lengths)
        self._next_frame += len(frames)
        return tables


def thread_states(sampling: Sampling, window: str) -> pa.Table:
    """Return the table `thread_states`."""
    columns = [name for name in THREAD_STATES.names if name != "window"]
    return rows.table("thread_states", sampling.threads(), columns, window=window)


def wait_ends(sampling: Sampling, window: str) -> pa.Table:
    """Return the table `wait_ends`."""
    columns, names = sampling.wait_ends()
    *numbers, behind = (np.frombuffer(data, kind) for data, kind in zip(columns, _END_COLUMNS, strict=True))
    # Without a process there is no name; the dictionary must have one to point to.
    named = pa.DictionaryArray.from_arrays(behind.astype(np.int32), names or [""])
    arrays = [_windows(window, len(behind)), *map(pa.array, numbers), named]
    return pa.Table.from_arrays(arrays, schema=WAIT_ENDS)


def _columns(profile: Profile) -> tuple[np.ndarray, ...]:
    return tuple(np.frombuffer(data, dtype) for data, dtype in zip(profile.samples(), _COLUMNS, strict=True))


def _windows(window: str, length: int) -> pa.Array:
    return pa.DictionaryArray.from_arrays(np.zeros(length, np.int8), [window])


def _stack_rows(lengths: np.ndarray, flat: np.ndarray, first_stack: int, first_frame: int) -> pa.Table:
    stack = np.repeat(np.arange(len(lengths)), lengths) + first_stack
    depth = np.arange(lengths.sum()) - np.repeat(np.cumsum(lengths) - lengths, lengths)
    columns = (stack, depth, flat + first_frame)
    return pa.Table.from_arrays([pa.array(column, pa.uint32()) for column in columns], schema=STACKS)


def _frame_rows(frames: list[tuple[str, str, str, int, bool, bool]], first_frame: int) -> pa.Table:
    names = ("function", "file", "module", "line", "inlined", "kernel")
    columns: dict[str, list[object]] = {name: [row[at] for row in frames] for at, name in enumerate(names)}
    columns["frame"] = list(range(first_frame, first_frame + len(frames)))
    return pa.Table.from_arrays([pa.array(columns[field.name], field.type) for field in FRAMES], schema=FRAMES)
