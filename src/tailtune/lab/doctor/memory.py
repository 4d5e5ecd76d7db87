"""Memory: settings that move latency without a word."""

from collections.abc import Iterator
from functools import partial

from tailtune.model.doctor import Check, Status
from tailtune.model.environment import Environment

_check = partial(Check, family="memory")


def checks(environment: Environment) -> Iterator[Check]:
    """Yield the checks of this family."""
    yield _huge_pages(environment.transparent_hugepages)
    yield _layout(environment.aslr)


def _huge_pages(setting: str | None) -> Check:
    if setting is None:
        return _check(name="huge-pages", status=Status.OK, value="not visible", effect="pages are small")
    if setting != "always":
        return _check(
            name="huge-pages", status=Status.OK, value=setting, effect="only programs that ask for huge pages get them"
        )
    return _check(
        name="huge-pages",
        status=Status.NOTE,
        value=setting,
        effect="the kernel joins pages unasked: memory use and rare stalls differ from start to start",
        remedy="echo madvise | sudo tee /sys/kernel/mm/transparent_hugepage/enabled",
    )


def _layout(aslr: int | None) -> Check:
    if aslr is None or aslr > 0:
        return _check(
            name="address-layout",
            status=Status.OK,
            value="randomized" if aslr else "not visible",
            effect="each start lays memory out anew; experiments restart variants in every epoch to average over it",
        )
    return _check(
        name="address-layout",
        status=Status.NOTE,
        value="fixed",
        effect="every start of a binary has the same layout: a lucky one looks like an improvement",
        remedy="sudo sysctl kernel.randomize_va_space=2",
    )
