"""Timing scripts of h2load: milliseconds, a tab, and the URI, on each line."""

import re
from collections.abc import Iterator
from typing import BinaryIO, Final

from tailtune.errors import UsageError
from tailtune.record.imports.lines import lines
from tailtune.record.imports.urls import split_url
from tailtune.record.ports import ImportNotes, ImportOptions, Recorded

_LINE: Final = re.compile(r"(\d{1,12})(?:\.(\d{1,9}))?\t+(\S+)\s*")
_NS_PER_MS: Final = 1_000_000


class H2loadImporter:
    """Reads timing scripts of h2load."""

    name: str = "h2load"
    help: str = "timing script of h2load: milliseconds, tab, URI"

    def read(self, source: BinaryIO, options: ImportOptions, notes: ImportNotes) -> Iterator[Recorded]:
        """Yield the requests in their order.

        Raises:
            UsageError: if a time goes backwards: a script is no log.
        """
        del options
        last_ns = 0
        for number, line in lines(source, notes):
            found = _LINE.fullmatch(line.decode("utf-8", "replace"))
            split = split_url(found[3]) if found else None
            if found is None or split is None:
                notes.skip(number, "no milliseconds, tab and URI", line)
                continue
            fraction = (found[2] or "")[:6].ljust(6, "0")
            at_ns = int(found[1]) * _NS_PER_MS + int(fraction)
            if at_ns < last_ns:
                raise UsageError(f"line {number}: the time goes backwards", hint="sort the script: sort -n FILE")
            last_ns = at_ns
            yield Recorded(path=split[1], at_ns=at_ns, origin=split[0], line=number)


IMPORTER: Final = H2loadImporter()
