"""Memory that the kernel has to find, clear and take back again while requests are answered."""

from typing import Final, NamedTuple

from tailtune.judge.cause import Cause, changed_setting, finding, listed, sampled
from tailtune.judge.facts import Facts
from tailtune.judge.memory_frames import CLEARING, COLLAPSING, COMPACTING, FAULTS, MAPS, RETURNS, SPLITTING
from tailtune.judge.names import owner, short
from tailtune.judge.stackprofile import FEWEST_SAMPLES, StackProfile, Stacks
from tailtune.model.finding import Evidence, Group
from tailtune.model.units import format_share

_WORTH_A_FINDING: Final = 0.10
_MOSTLY: Final = 0.5
_REUSE: Final = (
    "Keep large buffers and use them again (a pool, one for each thread) in place of a new one for "
    "each request. Allocators give large pieces back at once: glibc those above its mmap threshold, 128 KiB at "
    "first; the knob glibc-malloc raises it, and other allocators keep more."
)
_SMALL_PAGES: Final = (
    "Keep large buffers and use them again: what stays mapped is cleared once. Without transparent huge pages, by the "
    "knob huge-pages or prctl(PR_SET_THP_DISABLE) in the service, less is cleared where little of each 2 MiB is used, "
    "and more faults come where all of it is: so try it. Where only compaction is dear, `defer+madvise` in "
    "/sys/kernel/mm/transparent_hugepage/defrag leaves it to the kernel's own threads."
)


class _Huge(NamedTuple):
    """What is done to huge pages, each stack once; the kernel's own threads, such as khugepaged, are not seen."""

    clearing: Stacks
    splitting: Stacks
    compacting: Stacks
    collapsing: Stacks

    @property
    def everything(self) -> Stacks:
        return self.clearing | self.splitting | self.compacting | self.collapsing

    def parts(self) -> list[tuple[str, Stacks]]:
        """What is done, in words, with the stacks in which it is; those that are there."""
        done = ("clearing huge pages", "splitting huge pages", "compacting memory for huge pages")
        named = zip((*done, "collapsing small pages into huge ones"), self, strict=True)
        return [(name, stacks) for name, stacks in named if stacks]


class PageFaults:
    """CPU samples in page faults, and in mapping and unmapping memory; huge pages apart."""

    id = "page-faults"

    def apply(self, facts: Facts) -> list[Cause]:
        """Return a cause where faults and what belongs to them take a tenth of CPU time.

        Faults of memory that only grows are told by the rule `memory-growth`: no buffer that is used again saves them.
        """
        profile = facts.cpu
        if profile is None or facts.first_touches is not None:
            return []
        faults = profile.containing(FAULTS)
        huge = _huge(profile, faults)
        returns = profile.containing(RETURNS) - faults - huge.collapsing
        maps = profile.containing(MAPS) - faults
        stacks = faults | returns | maps | huge.everything
        share = profile.share(stacks)
        if profile.count(faults | huge.everything) < FEWEST_SAMPLES or share.point < _WORTH_A_FINDING:
            return []
        callers = profile.owners(stacks, owner)
        where = f"; most in {listed(callers)}" if callers else ""
        is_huge = profile.count(huge.everything) >= _MOSTLY * profile.count(stacks)
        found = finding(
            facts,
            self.id,
            short(callers[0][0]) if callers else "",
            f"{_does(profile, huge) if is_huge else 'touching new memory and giving it back takes'} "
            f"{format_share(share.point)} of CPU time{where}",
            group=Group.SETTINGS if is_huge else Group.ALGORITHM,
            share=share,
            evidence=[
                *([sampled(profile, faults, "in page faults")] if faults else []),
                *(_of_huge_pages(profile, stacks, part, does) for does, part in huge.parts()),
                *([sampled(profile, returns, "giving memory back")] if returns else []),
                *([sampled(profile, maps, "mapping memory")] if maps else []),
                *_counted(facts),
            ],
            disproof="CPU per request and p99 stay without transparent huge pages"
            if is_huge
            else "page faults per request stay when the named functions keep their buffers",
            proposal=_SMALL_PAGES if is_huge else _REUSE,
            confirm=changed_setting(facts, "huge-pages", "off") if is_huge else "",
        )
        return [Cause(found, facts.saving(share.point), explains=stacks)]


def _huge(profile: StackProfile, faults: Stacks) -> _Huge:
    """Return stacks by what is done to huge pages; buffers of sockets may need compaction, too, and do not count."""
    compacting = profile.containing(COMPACTING) & (faults | profile.containing(COLLAPSING))
    collapsing = profile.containing(COLLAPSING) - compacting
    splitting = profile.containing(SPLITTING) - compacting - collapsing
    clearing = profile.containing(CLEARING) - compacting - collapsing - splitting
    return _Huge(clearing, splitting, compacting, collapsing)


def _does(profile: StackProfile, huge: _Huge) -> str:
    """Return the beginning of a title: what is done most to huge pages."""
    most, _ = max(huge.parts(), key=lambda part: profile.count(part[1]))
    return f"{most} and other work on memory takes"


def _of_huge_pages(profile: StackProfile, stacks: Stacks, part: Stacks, does: str) -> Evidence:
    share = format_share(profile.count(part) / profile.count(stacks), 0)
    return sampled(profile, part, f"{does}, {share} of it")


def _counted(facts: Facts) -> list[Evidence]:
    if facts.faults_per_request is None:
        return []
    requests = facts.measure.latency.requests
    text = f"{facts.faults_per_request:,.1f} page faults per request"
    return [Evidence(text=text, source="tables/process.parquet", count=requests)]


RULE = PageFaults()
