"""Was the load engine itself on time and undisturbed? The checks of a load by the engine's account of itself."""

from collections.abc import Sequence
from typing import Final

from tailtune.judge.distribution import Distribution
from tailtune.judge.reasons import graded, suspect
from tailtune.model.load import LoadReport, Pacing, Reason, Validity
from tailtune.model.units import format_ns, format_share

LAG_SUSPECT: Final = 0.05
LAG_INVALID: Final = 0.5
"""Beyond half, the tail is the generator's rather than the service's."""
FREEZE_SHARE_SUSPECT: Final = 0.0005
"""Half of what a p99.9 leaves: of the requests beyond it, every second may owe its latency to the generator."""
FREEZE_SHARE_INVALID: Final = 0.01
"""What a p99 leaves."""
FREEZE_FLOOR_NS: Final = 10_000_000
"""Shorter than the time slices of any scheduler: nothing that a busy machine would not do in a short load."""
FREEZE_CEILING_NS: Final = 100_000_000
"""However long the load: the maximum is the generator's."""
CPU_SUSPECT: Final = 0.8
CPU_INVALID: Final = 0.97
RUN_DELAY_SUSPECT: Final = 0.01
DISTURBED_SUSPECT: Final = 0.01
"""Share of requests that an involuntary switch may have touched: beyond it, the p99."""
STEAL_SUSPECT: Final = 0.01
STEAL_INVALID: Final = 0.10
THROTTLED_INVALID: Final = 0.01
_STEAL_FLOOR_NS: Final = 30_000_000
"""Three ticks, in which the kernel counts steal."""
_FEW: Final = 10
"""Switches that any machine shows."""
_DISTURBED: Final = frozenset(
    {"send-lag", "freeze", "engine-cpu", "involuntary-switches", "run-delay", "demoted", "steal", "throttled"}
)
"""Codes of the checks below."""
_QUIET: Final = "stop other programs on this machine, or permit real-time priority (see `tailtune doctor`)"


def disturbances(reasons: Sequence[Reason]) -> list[str]:
    """Return what made a load SUSPECT by the engine's account of itself, with what helps, as warnings."""
    return [
        f"load {reason.validity}: {reason.message}; {reason.remedy}"
        for reason in reasons
        if reason.validity is Validity.SUSPECT and reason.code in _DISTURBED
    ]


def send_lag(report: LoadReport, latency: Distribution) -> Reason | None:
    """The engine sent late by its own fault. In a closed loop nothing is late: a start is when it is sent."""
    lag = report.timer_lag_ns.get("p99", 0.0)
    tail = latency.quantile(0.99) if latency.n else 0.0
    if not tail or lag <= LAG_SUSPECT * tail or report.loop == "closed":
        return None
    message = (
        f"the engine itself sent late: {format_ns(lag)} at p99, "
        f"{format_share(lag / tail, 0)} of the p99 of {format_ns(tail)}"
    )
    return graded("send-lag", message, _on_time(report), invalid=lag > LAG_INVALID * tail)


def _on_time(report: LoadReport) -> str:
    """Return what helps against lateness: a pacing that is meant to be late is named first."""
    if report.pacing in (Pacing.FRUGAL, Pacing.SLEEPING):
        return f"choose `--pacing precise`: {report.pacing} pacing saves CPU time and sends late for it"
    if report.scheduling.startswith("fifo"):
        return "give the engine a CPU of its own, and stop other programs on this machine"
    return "permit real-time priority (see `tailtune doctor`), or give the engine a CPU of its own"


def freeze(report: LoadReport, latency: Distribution) -> Reason | None:
    """The engine stood still: nothing was sent, and answers that arrived meanwhile were noticed late."""
    lateness = 0.0 if report.loop == "closed" else report.timer_lag_ns.get("max", 0.0)
    gap = max(float(report.longest_gap_ns), lateness)
    share = gap / max(1, report.elapsed_ns, report.scheduled_duration_ns)
    if gap < FREEZE_FLOOR_NS or (share <= FREEZE_SHARE_SUSPECT and gap < FREEZE_CEILING_NS):
        return None
    tail = latency.quantile(0.99) if latency.n else 0.0
    return graded(
        "freeze",
        f"the load engine stood still for {format_ns(gap)} at a time, {format_share(share, 2)} of the load",
        "run again: something stopped the engine (a suspended machine, a debugger, another real-time program, steal)",
        invalid=share > FREEZE_SHARE_INVALID and gap > LAG_INVALID * tail,
    )


def engine_cpu(report: LoadReport, _: Distribution) -> Reason | None:
    """The engine was busy itself, waiting aside."""
    work = max(0, report.engine_cpu_ns - report.engine_spin_ns)
    share = work / _thread_time(report)
    if share <= CPU_SUSPECT:
        return None
    return graded(
        "engine-cpu",
        f"the load engine itself was busy for {format_share(share, 0)} of the time, waiting aside",
        "lower the rate, or use a machine with faster cores",
        invalid=share > CPU_INVALID,
    )


def disturbed(report: LoadReport, _: Distribution) -> Reason | None:
    """Others took the engine's CPU."""
    switches = report.involuntary_switches
    if switches <= max(_FEW * report.threads, DISTURBED_SUSPECT * report.sent_requests):
        return None
    return suspect(
        "involuntary-switches",
        f"the load engine was taken off its CPU {switches:,} times in {report.sent_requests:,} requests",
        _QUIET,
    )


def run_delay(report: LoadReport, _: Distribution) -> Reason | None:
    """The engine could have run and had no CPU."""
    share = report.run_delay_ns / _thread_time(report)
    if share <= RUN_DELAY_SUSPECT:
        return None
    return suspect("run-delay", f"the load engine waited for a CPU during {format_share(share)} of the time", _QUIET)


def demoted(report: LoadReport, _: Distribution) -> Reason | None:
    """Real-time priority was there at first and then was not."""
    if not report.demoted:
        return None
    return suspect(
        "demoted",
        "the load engine lost its real-time priority while it played: it had used up what the machine grants",
        "lower the rate or choose frugal pacing, so that the engine leaves more of its CPU idle",
    )


def steal(report: LoadReport, _: Distribution) -> Reason | None:
    """The hypervisor gave the engine's CPU to others."""
    share = report.host.steal_share if report.host else 0.0
    if share <= max(STEAL_SUSPECT, _STEAL_FLOOR_NS / max(1, report.elapsed_ns)):
        return None
    return graded(
        "steal",
        f"the hypervisor gave {format_share(share)} of the load engine's CPU time to others",
        "run again when the host is quieter, or on a machine whose CPUs are not shared",
        invalid=share > STEAL_INVALID,
    )


def throttled(report: LoadReport, _: Distribution) -> Reason | None:
    """The CPU quota stopped the engine."""
    if report.host is None or not report.host.throttled_periods:
        return None
    stopped = report.host.throttled_ns
    share = stopped / max(1, report.elapsed_ns)
    return graded(
        "throttled",
        f"the CPU quota stopped the load engine's control group in {report.host.throttled_periods:,} periods, "
        f"{format_ns(stopped)} in all",
        "raise the quota, or run the load outside of this container",
        invalid=share > THROTTLED_INVALID,
    )


def _thread_time(report: LoadReport) -> int:
    """Return the time that all engine threads together had, ns; at least 1."""
    return max(1, report.elapsed_ns) * max(1, report.threads)
