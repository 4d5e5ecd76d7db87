"""What was imported, fitted, compiled and shown of a workload: results of `tailtune workload`."""

import msgspec

from tailtune.model.workload import Workload


class Skipped(msgspec.Struct, kw_only=True):
    """Something in a source that gave no request."""

    why: str
    count: int
    first_line: int
    sample: str
    """Beginning of the first one."""


class Imported(msgspec.Struct, frozen=True, kw_only=True):
    """`tailtune workload import`: what was read and what was written."""

    source: str
    format: str
    requests: int
    """That were imported."""
    skipped: list[Skipped]
    files: list[str]
    """Written; the workload first."""
    url: str
    """Where the requests went, for `tailtune load`; empty when the source does not say."""
    workload: Workload
    warnings: list[str]
