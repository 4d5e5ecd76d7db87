"""The latencies of the whole load, in ns, as one HdrHistogram of encoding V2, deflated, in base64."""

from typing import IO

from tailtune.show.export.files.hdr_log import encoded
from tailtune.show.export.load import LoadFacts


class HdrText:
    """Writes one line."""

    name = "hdr"
    suffixes = (".hdr",)
    needs_requests = False

    def write(self, facts: LoadFacts, stream: IO[bytes]) -> None:
        """Write the file."""
        stream.write(encoded(facts.total()) + b"\n")


EXPORT = HdrText()
