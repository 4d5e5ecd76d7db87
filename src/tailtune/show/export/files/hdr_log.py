"""HdrHistogram's interval log, version 1.3: latencies in ns by second, tagged by operation.

The format is that of HdrHistogram's own `HistogramLogWriter`: the column Interval_Max is in ms, histograms are of
encoding V2, deflated and in base64.
"""

import base64
import re
from typing import IO, Final

from tailtune import _native
from tailtune.model.interval import Buckets
from tailtune.show.export.load import LoadFacts

_NS_PER_MS: Final = 1e6
_NOT_IN_A_TAG: Final = re.compile(r"[,\s\x00-\x1f]+")


class HdrLog:
    """Writes an interval log."""

    name = "hlog"
    suffixes = (".hlog",)
    needs_requests = False

    def write(self, facts: LoadFacts, stream: IO[bytes]) -> None:
        """Write the file."""
        stream.write(_head(facts).encode())
        for one in facts.interval_buckets():
            stream.write(_line(one))


def encoded(one: Buckets) -> bytes:
    """Return a distribution as a compressed V2 histogram in base64."""
    return base64.b64encode(bytes(_native.encode_hdr(list(zip(one.values_ns, one.counts, strict=True)))))


def _head(facts: LoadFacts) -> str:
    begin = "send" if facts.result.report.loop == "closed" else "intended start"
    return (
        "#[Histogram log format version 1.3]\n"
        f"#[tailtune load; latency in ns from the {begin}; loop: {facts.result.loop}]\n"
        f"#[StartTime: {facts.started_s:.3f} (seconds since epoch)]\n"
        f"#[BaseTime: {facts.started_s:.3f} (seconds since epoch)]\n"
        '"StartTimestamp","Interval_Length","Interval_Max","Interval_Compressed_Histogram"\n'
    )


def _line(one: Buckets) -> bytes:
    tag = f"Tag={_NOT_IN_A_TAG.sub('_', one.operation)}," if one.operation else ""
    numbers = f"{one.start_s:.3f},{one.seconds:.3f},{one.max_ns / _NS_PER_MS:.6f},"
    return f"{tag}{numbers}".encode() + encoded(one) + b"\n"


EXPORT = HdrLog()
