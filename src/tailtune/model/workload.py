"""What is sent: operations, their arrival process, and the seed that fixes both."""

from enum import StrEnum

import msgspec

from tailtune.model.answer_rules import AnswerRules
from tailtune.model.generator import Generator
from tailtune.model.profile import Sessions, Stage, mean_rate_per_s
from tailtune.model.units import Duration


class Arrival(StrEnum):
    """The process that places intended starts on the time line."""

    POISSON = "poisson"
    """Independent users: exponential gaps. Open loop."""
    CONSTANT = "constant"
    """Equal gaps. Open loop; understates queues."""
    SESSIONS = "sessions"
    """Sessions start as independent users do; within one, requests wait for answers. Partly open loop."""
    TRACE = "trace"
    """At the times that a file gives. Open loop."""
    CLOSED = "closed"
    """Each connection sends its next request after the answer. A slow service slows the load: hides queues."""


class Protocol(StrEnum):
    """What is spoken on a connection."""

    HTTP1 = "http1"
    """HTTP/1.1."""
    HTTP2 = "http2"
    """HTTP/2, with prior knowledge or over TLS."""
    GRPC = "grpc"
    """gRPC, unary calls with messages written as JSON."""
    LINE = "line"
    """Text lines, for example memcached or NATS."""
    LENGTH_PREFIXED = "length-prefixed"
    """Frames that begin with their length."""
    RESP = "resp"
    """Redis."""


class Operation(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One kind of request.

    `path`, `headers` and `body` may hold placeholders: `{name}` is replaced by a value that `data`
    gives for `name`, drawn by seed; percent-encoded inside `path`.
    """

    name: str
    path: str = "/"
    method: str = "GET"
    """HTTP method in capitals; gRPC: `package.Service/Method`."""
    weight: float = 1.0
    """Relative frequency, > 0."""
    headers: dict[str, str] = {}
    body: str | None = None
    """Body template; excludes `body_files`. gRPC: the message as JSON. line and resp: the command."""
    body_files: str | None = None
    """Glob, relative to the configuration file; each request sends one of the files, drawn by seed."""
    data: dict[str, str | list[str] | Generator] = {}
    """Placeholder name → list of values, path of a text file with one value a line, or a generator."""
    expected_status: int | str = 200
    """Any other status is an error: a number or a class such as `2xx`. gRPC: 0 (OK) to 16; left out, 0."""
    expected_body: str = ""
    """An answer whose body does not hold this text is an error; empty: any body will do."""
    expected_body_sha256: str = ""
    """An answer whose body has another SHA-256 is an error; empty: any body will do."""
    timeout: Duration = Duration(10_000_000_000)
    """A request without a complete answer by then counts as a time-out, with this latency at least."""
    answers: AnswerRules = AnswerRules()
    """compare: what counts as the same answer of two variants."""


class Trace(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A recorded series of requests: tab-separated text whose first line names its columns.

    `t` is the time in seconds from any zero, `operation` the name of one (may be left out when there is one
    only); other columns can be used by generators.
    """

    file: str
    """Path, relative to the configuration file."""
    speed: float = 1.0
    """2 replays twice as fast; above 0."""


class Tls(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Encryption of the connections. An empty table: on, with the system's certificates."""

    server_name: str = "localhost"
    """Name that the certificate must have."""
    ca_file: str = msgspec.field(name="ca", default="")
    """PEM file of certificates to trust in place of the system's; relative to the configuration file."""
    insecure: bool = False
    """Accept any certificate."""


class Framing(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Where a message begins and ends, for the protocols `line` and `length-prefixed`."""

    hello: str | None = None
    """line: sent once when a connection opens, before the first request."""
    greeting_lines: int | None = None
    """line: lines that come before the first answer; 0 by default."""
    answer_lines: int | None = None
    """line: lines of one answer; 1 by default."""
    skip_unasked: bool | None = None
    """line: pass over lines that come between requests, such as the PING of NATS; `false` by default."""
    prefix_bytes: int | None = None
    """length-prefixed: bytes of the length, 1, 2, 4 or 8; 4 by default."""
    big_endian: bool | None = None
    """length-prefixed: most significant byte first; `true` by default."""
    includes_prefix: bool | None = None
    """length-prefixed: the length counts its own bytes; `false` by default."""


class Workload(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Operations, arrivals, data and seed; compiled into a schedule before anything is sent."""

    operations: list[Operation]
    rate_per_s: float = msgspec.field(name="rate", default=100.0)
    """Mean rate of intended starts, requests per second, > 0. Sessions: starts of sessions."""
    arrival: Arrival = Arrival.POISSON
    duration: Duration = Duration(30_000_000_000)
    """Length of the measure window."""
    seed: int = 1
    max_connections: int = 256
    """Cap of the connection pool; beyond it requests queue in the client, visibly."""
    profile: list[Stage] = []
    """In place of `rate`: stages, one after the other; from the beginning again when they are over."""
    connections: int | None = None
    """closed: how many connections send; 1 by default."""
    sessions: Sessions | None = None
    trace: Trace | None = None
    protocol: Protocol = Protocol.HTTP1
    tls: Tls | None = None
    proto: str = ""
    """grpc: path of the `.proto` file; `protoc` compiles it."""
    descriptors: str = ""
    """grpc: in place of `proto`, path of a descriptor set, as `protoc --descriptor_set_out` writes it."""
    framing: Framing | None = None

    @property
    def mean_rate_per_s(self) -> float:
        """Mean rate of intended starts (sessions: of their starts); a trace or a closed loop is not asked for one."""
        return mean_rate_per_s(self.profile, self.duration) if self.profile else self.rate_per_s

    @property
    def demand(self) -> str:
        """What is asked of the service, in words: `300.0 req/s`, `4 connections`."""
        match self.arrival:
            case Arrival.CLOSED:
                number = self.connections or 1
                return f"{number:,} connection{'' if number == 1 else 's'}"
            case Arrival.TRACE:
                speed = self.trace.speed if self.trace else 1.0
                return "as recorded" if speed == 1.0 else f"{speed:g} times as fast as recorded"
            case Arrival.SESSIONS:
                unit = "sessions/s"
            case _:
                unit = "req/s"
        return f"{self.mean_rate_per_s:,.1f} {unit}{' on average' if self.profile else ''}"

    @property
    def takes_rate(self) -> bool:
        """Whether a rate can be asked for: a trace has its own, in a closed loop the answers make it."""
        return self.arrival not in (Arrival.TRACE, Arrival.CLOSED)
