"""What is sent: operations, their arrival process, and the seed that fixes both."""

from enum import StrEnum

import msgspec

from tailtune.model.units import Duration


class Arrival(StrEnum):
    """The process that places intended starts on the time line."""

    POISSON = "poisson"
    """Independent users: exponential gaps. Open loop."""
    CONSTANT = "constant"
    """Equal gaps. Open loop; understates queues."""


class Operation(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One kind of request.

    `path`, `headers` and `body` may hold placeholders: `{name}` is replaced by a line drawn,
    by seed, from the file or list that `data` gives for `name`; percent-encoded inside `path`.
    """

    name: str
    path: str = "/"
    method: str = "GET"
    weight: float = 1.0
    """Relative frequency, > 0."""
    headers: dict[str, str] = {}
    body: str | None = None
    """Body template; excludes `body_files`."""
    body_files: str | None = None
    """Glob, relative to the configuration file; each request sends one of the files, drawn by seed."""
    data: dict[str, str | list[str]] = {}
    """Placeholder name → list of values, or path of a text file with one value a line."""
    expected_status: int = 200
    timeout: Duration = Duration(10_000_000_000)
    """A request without a complete answer by then counts as a time-out, with this latency at least."""


class Workload(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Operations, arrivals, data and seed; compiled into a schedule before anything is sent."""

    operations: list[Operation]
    rate_per_s: float = msgspec.field(name="rate", default=100.0)
    """Mean rate of intended starts, requests per second, > 0."""
    arrival: Arrival = Arrival.POISSON
    duration: Duration = Duration(30_000_000_000)
    """Length of the measure window."""
    seed: int = 1
    max_connections: int = 256
    """Cap of the connection pool; beyond it requests queue in the client, visibly."""
