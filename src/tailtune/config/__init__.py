"""`tailtune.toml` → model: reading, checking, looking up by name, and the JSON schema of the file."""

from tailtune.config.json_schema import schema
from tailtune.config.loader import FILE_NAME, find, load, load_workload, parse, parse_workload
from tailtune.config.lookup import BASE, default_workload, variant, workload
from tailtune.config.variants import check_variant

__all__ = [
    "BASE",
    "FILE_NAME",
    "check_variant",
    "default_workload",
    "find",
    "load",
    "load_workload",
    "parse",
    "parse_workload",
    "schema",
    "variant",
    "workload",
]
