"""The files of `tailtune load --output`: checked before the load, written after it."""

import time
from collections.abc import Sequence

from tailtune.bundle.reader import Bundle
from tailtune.judge import intervals
from tailtune.model.results import LoadResult
from tailtune.model.units import NS_PER_S
from tailtune.show.export.load import LoadFacts, OutputFile, output_file, write_output
from tailtune.show.export.whole import check_writable


def wanted_files(names: Sequence[str]) -> list[OutputFile]:
    """Return what is to be written.

    Raises:
        UsageError: if a name does not tell its format.
        SetupError: if a file could not be written after the load.
    """
    files = [output_file(name) for name in names]
    for one in files:
        check_writable(one.path)
    return files


def write_files(files: Sequence[OutputFile], result: LoadResult, bundle: Bundle) -> None:
    """Write all files of a load from its recording.

    Raises:
        SetupError: if the disk refuses.
    """
    report = result.report
    since_start_s = (time.monotonic_ns() - report.started_ns) / NS_PER_S
    facts = LoadFacts(
        result=result,
        started_s=time.time() - since_start_s,
        intervals=lambda: intervals.interval_summaries(bundle, report),
        interval_buckets=lambda: intervals.interval_buckets(bundle, report),
        total=lambda: intervals.total_buckets(bundle, report),
        cumulative=lambda: intervals.cumulative_buckets(bundle, report),
        requests=lambda: bundle.batches("requests"),
    )
    for one in files:
        write_output(one, facts)
