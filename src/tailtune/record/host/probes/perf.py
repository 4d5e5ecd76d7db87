"""What performance events permit, tried by the native core on this very process."""

import msgspec

from tailtune import _native


class Attempt(msgspec.Struct, frozen=True, kw_only=True):
    """One attempt and what the kernel answered."""

    permitted: bool
    error: str


class ModeAttempt(msgspec.Struct, frozen=True, kw_only=True):
    """One way of sampling, tried."""

    mode: str
    permitted: bool
    error: str
    lost_note: str


class PerfCapability(msgspec.Struct, frozen=True, kw_only=True):
    """What can be sampled here by this user."""

    paranoid: str
    """`kernel.perf_event_paranoid`, or `unknown`."""
    modes: list[ModeAttempt]
    """Best first."""
    hardware_counters: Attempt
    tracepoints: Attempt
    kernel_names: bool


def try_perf() -> PerfCapability:
    """Try everything."""
    return msgspec.json.decode(_native.perf_capability(), type=PerfCapability)
