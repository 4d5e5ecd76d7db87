"""The request log as Parquet: the recording's table `requests`."""

from typing import IO

from tailtune.bundle.schema import REQUESTS
from tailtune.show.export.load import LoadFacts


class RequestsParquet:
    """Writes one row a request, in the order in which they ended; the file's metadata names the loop."""

    name = "parquet"
    suffixes = (".parquet",)
    needs_requests = True

    def write(self, facts: LoadFacts, stream: IO[bytes]) -> None:
        """Write the file."""
        import pyarrow.parquet as pq

        schema = REQUESTS.with_metadata({"tailtune.loop": facts.result.loop})
        with pq.ParquetWriter(stream, schema, compression="zstd") as writer:
            for batch in facts.requests():
                writer.write_table(batch.cast(schema))


EXPORT = RequestsParquet()
