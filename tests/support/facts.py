"""Facts for diagnosis rules, as small as a rule needs them."""

from collections.abc import Mapping
from typing import Any

import msgspec
import numpy as np
from tests.support.recordings import ENVIRONMENT, load_report, manifest

from tailtune.judge.cache_misses import CacheMisses
from tailtune.judge.cause import Cause
from tailtune.judge.distribution import Distribution
from tailtune.judge.explain import all_rules
from tailtune.judge.facts import Facts
from tailtune.judge.stackprofile import StackProfile
from tailtune.judge.summary import latency_of
from tailtune.judge.tail import RequestTimes, SizedTimes, Tail
from tailtune.model.estimate import Estimate
from tailtune.model.load import Validity
from tailtune.model.project import Language, Service
from tailtune.model.recording import CpuLayout, Kind
from tailtune.model.summary import CpuSummary, GcSummary, RunSummary, SchedulingSummary, WindowSummary

MILLISECOND = 1e6


def facts(
    stacks: Mapping[str, int] | None = None,
    *,
    cores: float = 0.4,
    mutex: StackProfile | None = None,
    allocations: StackProfile | None = None,
    block: StackProfile | None = None,
    goroutines: StackProfile | None = None,
    off_cpu: StackProfile | None = None,
    times: RequestTimes | None = None,
    tail: Tail | None = None,
    sized: SizedTimes | None = None,
    caches: CacheMisses | None = None,
    misses: StackProfile | None = None,
    cpu_model: str = "cpu",
    language: Language | None = None,
    **window: Any,
) -> Facts:
    """A run of 1,000 requests of 5 ms mean, 2 ms of them CPU time, on one CPU; `stacks`: collapsed stack → samples."""
    cpu = None
    if stacks is not None:
        cpu = StackProfile.from_collapsed([f"{stack} {count}" for stack, count in stacks.items()], "profiles/cpu.pb.gz")
    measure = msgspec.structs.replace(_window(cores), **window)
    layout = CpuLayout(engine=[0], service=[1], note="")
    diagnose = msgspec.structs.replace(measure, window="diagnose") if block or goroutines or off_cpu else None
    return Facts(
        manifest=manifest(
            load=load_report(reasons=measure.reasons, validity=measure.validity),
            layout=layout,
            environment=msgspec.structs.replace(ENVIRONMENT, cpu_model=cpu_model),
            service=Service(language=language) if language else None,
        ),
        summary=RunSummary(
            id="r", kind=Kind.RUN, variant="base", measure=measure, diagnose=diagnose, goals=[], warnings=[]
        ),
        cpu=cpu,
        allocations=allocations,
        mutex=mutex,
        block=block,
        goroutines=goroutines,
        off_cpu=off_cpu,
        times=times,
        tail=tail,
        sized=sized,
        caches=caches,
        misses=misses,
    )


def _window(cores: float) -> WindowSummary:
    latency = Distribution.from_values(np.linspace(1, 9, 1000) * MILLISECOND)
    per_request = estimate(2 * MILLISECOND)
    return WindowSummary(
        window="measure",
        seconds=10.0,
        achieved_rate_per_s=100.0,
        validity=Validity.VALID,
        reasons=[],
        latency=latency_of([latency], "", 0),
        operations=[],
        cpu=CpuSummary(per_request_ns=per_request, user_ns_per_request=2e6, system_ns_per_request=0.0, cores=cores),
        scheduling=scheduling(),
        peak_rss_bytes=1 << 25,
        gc=None,
    )


def estimate(point: float) -> Estimate:
    return Estimate(point=point, low=point * 0.95, high=point * 1.05, confidence=0.95, n=1000)


def scheduling(**changes: Any) -> SchedulingSummary:
    calm = SchedulingSummary(
        run_delay_ns_per_request=1e4,
        involuntary_switches_per_request=0.01,
        throttled_ns=0,
        throttled_periods=0,
        steal_share=0.0,
    )
    return msgspec.structs.replace(calm, **changes)


def collections(**changes: Any) -> GcSummary:
    calm = GcSummary(
        cycles=100,
        cycles_per_s=10.0,
        cpu_share=0.02,
        assist_share=0.0,
        pause_mean_ns=1e5,
        pause_max_ns=2e5,
        heap_live_bytes=4 << 20,
        heap_goal_bytes=8 << 20,
    )
    return msgspec.structs.replace(calm, **changes)


def apply(rule: str, given: Facts) -> list[Cause]:
    """Apply one rule."""
    (found,) = [candidate for candidate in all_rules() if candidate.id == rule]
    return found.apply(given)


def one(rule: str, given: Facts) -> Cause:
    """Apply one rule that must find exactly one cause."""
    (cause,) = apply(rule, given)
    return cause
