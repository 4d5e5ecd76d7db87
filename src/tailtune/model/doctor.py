"""What `tailtune doctor` found out: what can be measured on this machine, and how noisy it is."""

from enum import StrEnum

import msgspec

from tailtune.model.environment import Environment
from tailtune.model.recording import CpuLayout


class Status(StrEnum):
    """How a check came out."""

    OK = "ok"
    NOTE = "note"
    """Something is lost or noisier than it could be; measuring works."""
    PROBLEM = "problem"
    """Numbers will be missing or wrong until it is mended."""


class Check(msgspec.Struct, frozen=True, kw_only=True):
    """One line of the doctor."""

    family: str
    """What it belongs to, for example `processors`."""
    name: str
    """Stable identifier, for example `cpu-quota`."""
    status: Status
    value: str
    """What was found."""
    effect: str
    """What it changes for the user."""
    remedy: str = ""
    """One line: the command or setting that mends it; empty: nothing to do."""


class CpuNoise(msgspec.Struct, frozen=True, kw_only=True):
    """How steadily one CPU does the same small piece of work, over and over."""

    cpu: int
    rounds: int
    typical_ns: int
    """Median time of one round."""
    p99_excess: float
    """p99 over the median, minus 1: 0.05 means that one round in a hundred is 5 % slower."""
    longest_stall_ns: int
    """Slowest round minus the median."""


class TimerError(msgspec.Struct, frozen=True, kw_only=True):
    """How late one way of waiting wakes up, ns past the time asked for."""

    method: str
    """How it waits: `clock_nanosleep`, `timerfd+epoll`, `epoll_pwait2`, or `hybrid`, which the load engine uses."""
    scheduling: str
    """`fifo`, or `other (nice N)`."""
    wakes: int
    p50_ns: int
    p99_ns: int
    max_ns: int


class Diagnosis(msgspec.Struct, frozen=True, kw_only=True):
    """All that the doctor found."""

    environment: Environment
    layout: CpuLayout
    checks: list[Check]
    noise: list[CpuNoise]
    timers: list[TimerError]
