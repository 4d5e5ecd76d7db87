"""The request log as comma-separated values: the columns of the recording's table `requests`."""

from typing import IO

import pyarrow as pa

from tailtune.bundle.schema import REQUESTS
from tailtune.show.export.load import LoadFacts


class RequestsCsv:
    """Writes one row a request, in the order in which they ended."""

    name = "requests-csv"
    suffixes = ("requests.csv",)
    needs_requests = True

    def write(self, facts: LoadFacts, stream: IO[bytes]) -> None:
        """Write the file."""
        from pyarrow import csv

        plain = [field.with_type(pa.string()) if pa.types.is_dictionary(field.type) else field for field in REQUESTS]
        with csv.CSVWriter(stream, pa.schema(plain)) as writer:
            for batch in facts.requests():
                writer.write_table(batch.cast(pa.schema(plain)))


EXPORT = RequestsCsv()
