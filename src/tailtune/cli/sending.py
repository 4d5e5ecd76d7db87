"""Options of `tailtune load`: what is sent, how often and for how long."""

import re
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final, Literal

from cyclopts import Parameter

from tailtune.cli.options import DurationOption, Positive
from tailtune.model.codec import DURATION_PATTERN
from tailtune.model.load import Pacing
from tailtune.model.workload import Arrival

if TYPE_CHECKING:
    from tailtune.lab.sending import Wanted


@Parameter(name="*")
@dataclass(frozen=True, kw_only=True)
class Sending:
    """What is sent, how often and for how long."""

    rate: Annotated[float | None, Parameter(name=["--rate", "-r"]), Positive] = None
    """Requests per second; 100 by default."""
    profile: str | None = None
    """A rate that changes, in place of --rate: `100..1000 over 30s, 1000 for 20s`."""
    duration: Annotated[DurationOption | None, Parameter(name=["--duration", "-z"])] = None
    """How long to send; 10s by default, or as long as the profile."""
    arrival: Arrival | None = None
    """Poisson, the default: independent users. Constant: equal gaps, which understates queues."""
    connections: Annotated[int | None, Parameter(name=["--connections"]), Positive] = None
    """Closed loop: so many connections send, each after its answer; a slow service slows the load."""
    seed: int | None = None
    """Fixes every intended start; the same seed gives the same schedule on every machine. 1 by default."""
    method: Annotated[str | None, Parameter(name=["--method", "-X"])] = None
    """HTTP method; GET by default. grpc://: package.Service/Method."""
    header: Annotated[list[str] | None, Parameter(name=["--header", "-H"], negative="")] = None
    """`Name: value`; may be repeated."""
    body: Annotated[str | None, Parameter(name=["--body", "--data", "-d"])] = None
    """Body of each request; `@FILE` reads it from a file, `@-` from stdin. grpc://: JSON; redis://: a command."""
    timeout: DurationOption | None = None
    """When a request without a complete answer counts as timed out; 10s by default."""
    max_connections: Annotated[int | None, Positive] = None
    """Cap of the connection pool; beyond it requests wait in the client, visibly. 256 by default."""
    expected_status: str | None = None
    """Any other status counts as an error: a number, or a class such as 2xx; 200 by default."""
    expect_body: str | None = None
    """An answer without this text counts as an error."""
    workload: Annotated[Path | None, Parameter(name=["--workload", "-w"])] = None
    """File with a workload; the other options overrule it. See docs/workloads.md."""
    proto: Path | None = None
    """grpc://: the .proto file of the method."""
    descriptors: Path | None = None
    """grpc://: a descriptor set in place of --proto."""
    framing: Literal["line", "length-prefixed"] | None = None
    """tcp://: where a message ends; line by default."""
    http2: Annotated[bool, Parameter(negative="", show_default=False)] = False
    """Speak HTTP/2; with http:// without asking first."""
    insecure: Annotated[bool, Parameter(name=["--insecure", "-k"], negative="", show_default=False)] = False
    """https://: accept any certificate."""
    ca: Annotated[Path | None, Parameter(name=["--ca", "--cacert"])] = None
    """https://: PEM file of certificates to trust besides the system's."""
    unix_socket: str | None = None
    """Path of a Unix socket to connect to in place of the URL's host and port."""

    threads: Annotated[int, Positive] = 1
    """Engines that share the load, each on a CPU of its own."""
    pacing: Pacing = Pacing.AUTO
    """Precise: sleeps, then spins up to each start. Frugal: only sleeps, later by tens of microseconds."""

    def wanted(self) -> "Wanted":
        """Return the options as the use case takes them.

        Raises:
            UsageError: if the file of the body cannot be read.
        """
        from tailtune.lab.sending import Wanted

        return Wanted(
            rate=self.rate,
            profile=self.profile or "",
            duration=self.duration,
            arrival=self.arrival,
            connections=self.connections,
            seed=self.seed,
            method=self.method or "",
            headers=self.header or [],
            body=_read_body(self.body),
            timeout=self.timeout,
            max_connections=self.max_connections,
            expected_status=self.expected_status or "",
            expected_body=self.expect_body or "",
            workload=self.workload,
            proto=self.proto,
            descriptors=self.descriptors,
            framing=self.framing or "",
            http2=self.http2,
            insecure=self.insecure,
            ca=self.ca,
            unix_socket=self.unix_socket or "",
            threads=self.threads,
            pacing=self.pacing,
        )


AS_IT_IS: Final = Sending()


def _read_body(body: str | None) -> str | None:
    from tailtune.errors import UsageError

    if body is not None and re.fullmatch(DURATION_PATTERN, body):
        raise UsageError(
            f"-d {body}: -d is the body, as with curl", hint=f"write --duration {body}, or `--body @FILE` for that text"
        )
    if body is None or not body.startswith("@"):
        return body

    try:
        return sys.stdin.read() if body == "@-" else Path(body[1:]).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"--body {body}: the file cannot be read: {error}") from error
