"""Requests that wait until files are written: logs, journals, anything that is synced in their path."""

import re
from typing import Final

from tailtune.judge.cause import MEAN_LATENCY, Cause, finding, listed
from tailtune.judge.facts import Facts
from tailtune.judge.names import owner, serves_go, short
from tailtune.judge.stackprofile import StackProfile, Stacks, relative_interval
from tailtune.model.finding import Evidence, Group, Strength
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


class Logging:
    """Time in writing or syncing files, on stacks that answer requests: of goroutines by the trace, or of threads."""

    id = "logging"

    def apply(self, facts: Facts) -> list[Cause]:
        """Return a cause where such waits take a tenth of latency or more."""
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
            disproof="latency stays when the file lies in memory (/dev/shm), or its lines are dropped",
            proposal="Hand lines to a buffer that one thread or goroutine writes; sync once for many requests, or not "
            "in their path at all.",
        )
        return [Cause(found, share)]


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
