"""Time off the CPU, split into waiting for something and having nothing to do."""

import numpy as np

from tailtune.judge.idle import KINDS, POOL, idle_place, runs_job
from tailtune.judge.profile_stacks import Stacks
from tailtune.model.profile_view import IdlePlace


def split(blocked: Stacks) -> tuple[Stacks, list[IdlePlace]]:
    """Return the stacks that wait, and the time of the idle ones by place, largest first."""
    of_frame = np.array([_rank(frame[0]) for frame in blocked.frames], dtype=np.int64)
    has_job = np.zeros(len(blocked.lengths), dtype=np.bool_)
    is_job = np.array([runs_job(frame[0]) for frame in blocked.frames], dtype=np.bool_)
    np.logical_or.at(has_job, blocked.stack_of, is_job[blocked.flat])
    ranks = of_frame[blocked.flat]
    ranks[(ranks == POOL) & has_job[blocked.stack_of]] = len(KINDS)
    of_stack = np.full(len(blocked.lengths), len(KINDS), dtype=np.int64)
    np.minimum.at(of_stack, blocked.stack_of, ranks)
    spent = np.bincount(of_stack, blocked.weights.value, len(KINDS) + 1)
    places = [
        IdlePlace(meaning=kind.meaning, source=kind.source, blocked_ns=float(time))
        for kind, time in zip(KINDS, spent, strict=False)
        if time
    ]
    waiting = blocked.only(of_stack == len(KINDS))
    return waiting, sorted(places, key=lambda place: -place.blocked_ns)


def _rank(function: str) -> int:
    place = idle_place(function)
    return len(KINDS) if place is None else place
