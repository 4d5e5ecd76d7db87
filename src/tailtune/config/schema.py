"""Prints the JSON schema of `tailtune.toml`: `python -m tailtune.config.schema > docs/tailtune.schema.json`."""

import sys

import msgspec

from tailtune.config.json_schema import schema

if __name__ == "__main__":
    sys.stdout.buffer.write(msgspec.json.format(msgspec.json.encode(schema()), indent=2) + b"\n")
