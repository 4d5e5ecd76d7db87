"""Requests that wait until files are written: logs, journals, anything that is synced in their path."""

import re
from typing import Final

from tailtune.judge.blocked_causes import Cause as Blocked
from tailtune.judge.blocked_causes import cause_of as why
from tailtune.judge.blocked_causes import told_by
from tailtune.judge.cause import MEAN_LATENCY, Cause, Seen, finding, listed
from tailtune.judge.facts import Facts
from tailtune.judge.names import owner, serves_go, short, short_owner
from tailtune.judge.stackprofile import StackProfile, Stacks, relative_interval
from tailtune.judge.tail_waits import cause_of, tail_wait
from tailtune.model.finding import Evidence, Group, Strength
from tailtune.model.request_parts import PartShare
from tailtune.model.units import format_ns, format_share

_WORTH_A_FINDING: Final = 0.10
_FEWEST_WAITS: Final = 20
_SYNCS: Final = re.compile(
    r"os\.\(\*File\)\.Sync\b|internal/poll\.\(\*FD\)\.Fsync|syscall\.(Fsync|Fdatasync)\b|"
    r"(__GI_|__libc_)?(fsync|fdatasync)\b|<?std::fs::File>?::sync_(all|data)|do_fsync|vfs_fsync|"
    r"(__GI_|__libc_)?(sync_file_range|msync|syncfs)\b"
)
_WRITES: Final = re.compile(
    r"os\.\(\*File\)\.(Write|WriteString|WriteAt)\b|log\.\(\*Logger\)\.(output|Output)\b|log/slog\.|"
    r"<&?(mut )?std::(fs::File|io::stdio::\w+) as std::io::Write>::|std::io::stdio::|balance_dirty_pages|"
    r"tracing_appender::|env_logger::"
)
_MOSTLY: Final = 0.5
_DISPROOF: Final = "latency stays when the file lies in memory (/dev/shm), or its lines are dropped"
_PROPOSAL: Final = (
    "Hand lines to a buffer that one thread or goroutine writes; sync once for many requests, or not in their path at "
    "all."
)


class Logging:
    """Time in writing or syncing files, on stacks that answer requests: of goroutines by the trace, or of threads."""

    id = "logging"

    def apply(self, facts: Facts) -> list[Cause]:
        """Return a cause where such waits take a tenth of the tail or of mean latency, whichever share is larger."""
        found = [*self._of_the_tail(facts), *self._of_all(facts)]
        return sorted(found, key=lambda cause: -cause.saving)[:1]

    def _of_the_tail(self, facts: Facts) -> list[Cause]:
        """Read the parts of the requests above p99, with the wait for the CPU that a thread left for the disk."""
        profile = facts.off_cpu
        if profile is None:
            return []
        written = _owners_on_disk(profile, profile.containing(_SYNCS) | profile.containing(_WRITES))
        wait = tail_wait(facts, lambda part: _is_written(part, written), until_on_cpu=True)
        if wait is None:
            return []
        synced = wait.where in _owners_on_disk(profile, profile.containing(_SYNCS))
        told = cause_of(
            facts,
            self.id,
            wait,
            f"wait until a file is {'synced' if synced else 'written'}",
            disproof=_DISPROOF,
            proposal=_PROPOSAL,
        )
        return [told]

    def _of_all(self, facts: Facts) -> list[Cause]:
        """Compare time blocked there with mean latency."""
        profile, window = facts.goroutines or facts.off_cpu, facts.summary.diagnose
        if profile is None or window is None or not window.latency.requests or not window.latency.mean_ns:
            return []
        synced = _answering(facts, profile, profile.containing(_SYNCS))
        stacks = synced | _answering(facts, profile, profile.containing(_WRITES))
        each = profile.value(stacks) / window.latency.requests
        share = min(1.0, each / window.latency.mean_ns)
        if profile.count(stacks) < _FEWEST_WAITS or share < _WORTH_A_FINDING:
            return []
        callers = profile.owners(stacks, owner)
        found = finding(
            facts,
            self.id,
            short(callers[0][0]) if callers else "",
            f"requests wait {format_ns(each)} each, {format_share(share)} of latency, until a file is "
            f"{'synced' if synced else 'written'}{f', in {listed(callers)}' if callers else ''}",
            group=Group.CONCURRENCY,
            share=relative_interval(share, profile.count(stacks)),
            share_of=MEAN_LATENCY,
            strength=Strength.STRONG if _is_go(facts) else Strength.MODERATE,
            evidence=[_waits(profile, synced, "syncing"), _waits(profile, stacks - synced, "writing")],
            disproof=_DISPROOF,
            proposal=_PROPOSAL,
        )
        return [Cause(found, share, seen=(Seen(profile, stacks),))]


def _is_written(part: PartShare, written: frozenset[str]) -> bool:
    """Whether a part is waiting for the disk, mostly in functions that write or sync files."""
    there = sum(place.share for place in part.places if place.function in written)
    return part.part == Blocked.DISK and there > _MOSTLY


def _owners_on_disk(profile: StackProfile, stacks: Stacks) -> frozenset[str]:
    """Return the functions of which most time on the disk is spent on some of the stacks."""
    among: dict[str, float] = {}
    every: dict[str, float] = {}
    for stack in profile.everything:
        frames = [profile.frames[frame] for frame in profile.stacks[stack]]
        if why([told_by(frame.function, kernel=frame.kernel) for frame in frames]) is not Blocked.DISK:
            continue
        name, value = short_owner(profile.names(stack)), float(profile.values[stack])
        every[name] = every.get(name, 0.0) + value
        among[name] = among.get(name, 0.0) + (value if stack in stacks else 0.0)
    return frozenset(name for name, value in among.items() if name and value > _MOSTLY * every[name])


def _answering(facts: Facts, profile: StackProfile, stacks: Stacks) -> Stacks:
    """Leave out what is written beside the requests, as far as that can be told: in Go, by the server on the stack."""
    if not _is_go(facts):
        return stacks
    return frozenset(stack for stack in stacks if any(map(serves_go, profile.names(stack))))


def _waits(profile: StackProfile, stacks: Stacks, what: str) -> Evidence:
    count = profile.count(stacks)
    text = f"{what}: {format_ns(profile.value(stacks))} in {count:,} waits"
    return Evidence(text=text, source=profile.source, count=count)


def _is_go(facts: Facts) -> bool:
    return facts.manifest.service is not None and facts.manifest.service.language == "go"


RULE = Logging()
