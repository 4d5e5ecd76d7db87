"""The recording on disk: schema and version, writer, reader, catalogue."""
