"""The result as `--json` prints it."""

from typing import IO

from tailtune.show.export.json import encode
from tailtune.show.export.load import LoadFacts


class ResultJson:
    """Writes JSON of the published schema `load`."""

    name = "json"
    suffixes = (".json",)
    needs_requests = False

    def write(self, facts: LoadFacts, stream: IO[bytes]) -> None:
        """Write the file."""
        stream.write(f"{encode(facts.result)}\n".encode())


EXPORT = ResultJson()
