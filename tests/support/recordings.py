"""Small recordings for tests: written by the real writer, with contents made up by the test."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from tailtune.bundle import BundleWriter, Workspace
from tailtune.bundle.schema import TABLES
from tailtune.model.environment import Environment
from tailtune.model.load import LoadReport, OperationCount
from tailtune.model.project import Variant
from tailtune.model.recording import Artifact, Kind, Manifest

ENVIRONMENT = Environment(
    hostname="host",
    os="linux",
    kernel="6.1",
    cpu_model="cpu",
    logical_cpus=2,
    allowed_cpus=[0, 1],
    memory_bytes=1 << 30,
    cgroup_version=2,
    cpu_quota=None,
    governor=None,
    turbo=None,
    smt=None,
    transparent_hugepages=None,
    aslr=2,
    virtual_machine=True,
    clock_source="tsc",
    python="3.11",
    tailtune="0.1.0",
)
S = 1_000_000_000


def manifest(kind: Kind = Kind.RUN, **changes: Any) -> Manifest:
    fields: dict[str, Any] = {
        "id": "",
        "kind": kind,
        "created_utc": "2026-11-24T02:15:30Z",
        "command": ["tailtune", str(kind)],
        "environment": ENVIRONMENT,
    }
    return Manifest(**(fields | changes))


def load_report(**changes: Any) -> LoadReport:
    """A load that kept its schedule perfectly: 1,000 requests of 10 ms in 10 s."""
    fields: dict[str, Any] = {
        "schedule_sha256": "00" * 32,
        "arrival": "poisson",
        "loop": "open",
        "scheduled_requests": 1000,
        "sent_requests": 1000,
        "completed_requests": 1000,
        "started_ns": S,
        "scheduled_duration_ns": 10 * S,
        "elapsed_ns": 10 * S,
        "scheduled_rate_per_s": 100.0,
        "achieved_rate_per_s": 100.0,
        "send_lag_ns": {"p50": 2e3, "p90": 5e3, "p99": 2e4, "p99.9": 5e4, "max": 1e5},
        "timer_lag_ns": {"p50": 2e3, "p90": 5e3, "p99": 2e4, "p99.9": 5e4, "max": 1e5},
        "in_flight_time_average": 1.0,
        "little_error": 0.0,
        "peak_connections": 8,
        "peak_client_queue": 0,
        "operations": [operation_count("get", 1000)],
        "scheduling": "fifo",
        "pinned_cpu": 0,
        "engine_cpu_ns": 3 * S,
        "engine_spin_ns": 2 * S,
        "involuntary_switches": 3,
        "run_delay_ns": S // 1000,
        "interrupted": False,
    }
    return LoadReport(**(fields | changes))


def operation_count(
    name: str, requests: int, unexpected: int = 0, timeouts: int = 0, errors: int = 0
) -> OperationCount:
    return OperationCount(
        name=name, requests=requests, unexpected_status=unexpected, timeouts=timeouts, connection_errors=errors
    )


def table(name: str, rows: Sequence[Mapping[str, Any]]) -> pa.Table:
    """Rows of a table of the schema; columns not given are 0, false or empty."""
    schema = TABLES[name]
    columns = {field.name: [row.get(field.name, _nothing(field.type)) for row in rows] for field in schema}
    plain = [pa.array(columns[field.name], type=_plain(field.type)) for field in schema]
    return pa.table(plain, names=schema.names).cast(schema)


def latency(
    values_ns: npt.ArrayLike, window: str = "measure", slice_index: int = -1, operation: int = 0, interval: int = 0
) -> pa.Table:
    """Rows of the table `latency`, one a distinct value."""
    values, counts = np.unique(np.asarray(values_ns, dtype=np.int64), return_counts=True)
    n = len(values)
    columns = {
        "window": [window] * n,
        "slice": [slice_index] * n,
        "operation": [operation] * n,
        "interval": [interval] * n,
        "kind": ["latency"] * n,
        "value_ns": values,
        "count": counts,
    }
    return pa.table(columns).cast(TABLES["latency"])


def record(workspace: Workspace, values_ns: npt.ArrayLike = (1, 2, 3), kind: Kind = Kind.RUN, **changes: Any) -> str:
    """Record one small table and return the id."""
    with BundleWriter.create(workspace, kind) as writer:
        writer.add_table("latency", latency(values_ns))
        writer.finish(manifest(kind, **changes))
    return writer.id


def artifact(variant: str, sha256: str) -> Artifact:
    return Artifact(
        variant=variant, path="bin", sha256=sha256, build_id="", build_command=[], build_seconds=1.0, size_bytes=1
    )


TWO_VARIANTS = {"base": Variant(), "fast": Variant(tags=["fast"])}


def _plain(kind: pa.DataType) -> pa.DataType:
    return kind.value_type if pa.types.is_dictionary(kind) else kind


def _nothing(kind: pa.DataType) -> Any:
    if pa.types.is_string(_plain(kind)):
        return ""
    return False if pa.types.is_boolean(kind) else 0
