"""What `tailtune load` sends, and where: an URL and options become a workload and an endpoint."""

from pathlib import Path
from typing import Final
from urllib.parse import SplitResult

import msgspec

from tailtune import config
from tailtune.config.problem import Problem
from tailtune.config.profile_text import profile_of
from tailtune.config.workloads import workload as problems_of
from tailtune.errors import UsageError
from tailtune.lab.bench import check_takes_rate
from tailtune.lab.urls import SCHEMES, Scheme, check_scheme, endpoint, split
from tailtune.model.endpoint import Endpoint
from tailtune.model.load import Pacing
from tailtune.model.profile import Stage
from tailtune.model.units import Duration
from tailtune.model.workload import Arrival, Operation, Protocol, Tls, Workload

_TEN_SECONDS: Final = Duration(10_000_000_000)


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """The options of the command; None: not given."""

    rate: float | None = None
    profile: str = ""
    duration: Duration | None = None
    arrival: Arrival | None = None
    connections: int | None = None
    seed: int | None = None
    method: str = ""
    headers: list[str] = []
    body: str | None = None
    timeout: Duration | None = None
    max_connections: int | None = None
    expected_status: str = ""
    expected_body: str = ""
    workload: Path | None = None
    proto: Path | None = None
    descriptors: Path | None = None
    framing: str = ""
    http2: bool = False
    insecure: bool = False
    ca: Path | None = None
    unix_socket: str = ""
    threads: int = 1
    pacing: Pacing = Pacing.AUTO


class Sending(msgspec.Struct, frozen=True, kw_only=True):
    """A workload that is ready to be compiled, and where it is to go."""

    workload: Workload
    endpoint: Endpoint
    root: Path
    """Directory that file names of the workload are relative to."""


def prepare(url: str, wanted: Wanted) -> Sending:
    """Make a workload of one operation, or take the one in a file, for an URL.

    Raises:
        UsageError: for an URL or an option that cannot be used.
        ConfigError: if the workload's file cannot.
    """
    parts, scheme = split(url)
    if wanted.workload is None:
        operation = _operation(parts, scheme, wanted)
        workload = Workload(operations=[operation], protocol=_protocol(scheme, wanted), duration=_TEN_SECONDS)
        root = Path.cwd()
    else:
        workload = _from_file(wanted.workload, parts, wanted)
        root = wanted.workload.resolve().parent
    workload = _overruled(workload, wanted)
    if wanted.rate is not None or wanted.profile:
        check_takes_rate(workload)
    if wrong := list(problems_of("", workload)):
        raise _impossible(wrong[0])
    to = endpoint(parts, scheme, workload, root, unix_socket=wanted.unix_socket)
    return Sending(workload=workload, endpoint=to, root=root)


def _protocol(scheme: Scheme, wanted: Wanted) -> Protocol:
    if wanted.framing:
        known = (Protocol.LINE, Protocol.LENGTH_PREFIXED)
        if scheme.protocol is not Protocol.LINE or wanted.framing not in known:
            raise UsageError(
                f"--framing {wanted.framing} cannot be used here",
                hint='with tcp:// or tls://: "line" or "length-prefixed"',
            )
        return Protocol(wanted.framing)
    if wanted.http2 and scheme.protocol is Protocol.HTTP1:
        return Protocol.HTTP2
    return scheme.protocol


def _operation(parts: SplitResult, scheme: Scheme, wanted: Wanted) -> Operation:
    headers = _headers(wanted.headers)
    if scheme.has_path or scheme.protocol is Protocol.GRPC:
        host = "localhost" if parts.scheme == "http+unix" else parts.netloc.rpartition("@")[2]
        headers = headers if any(name.lower() == "host" for name in headers) else {"Host": host} | headers
    return Operation(
        name="load",
        path=((parts.path or "/") + (f"?{parts.query}" if parts.query else "")) if scheme.has_path else "/",
        method=wanted.method or "GET",
        headers=headers,
        body="{}" if wanted.body is None and scheme.protocol is Protocol.GRPC else wanted.body,
        expected_status=_status(wanted.expected_status) if wanted.expected_status else 200,
        expected_body=wanted.expected_body,
        timeout=wanted.timeout or _TEN_SECONDS,
    )


def _headers(lines: list[str]) -> dict[str, str]:
    headers = {}
    for line in lines:
        name, colon, value = line.partition(":")
        if not colon or not name.strip():
            raise UsageError(f"--header {line!r} is not a header", hint="write 'Name: value'")
        headers[name.strip()] = value.strip()
    return headers


def _status(text: str) -> int | str:
    return int(text) if text.isascii() and text.isdigit() else text


def _from_file(path: Path, parts: SplitResult, wanted: Wanted) -> Workload:
    """Read a workload; what an operation consists of is said there and not by options."""
    given = {
        "--method": wanted.method,
        "--header": wanted.headers,
        "--body": wanted.body,
        "--expected-status": wanted.expected_status,
        "--expect-body": wanted.expected_body,
        "--timeout": wanted.timeout,
        "a path in the URL": parts.path.strip("/") or parts.query if parts.scheme in SCHEMES else "",
    }
    for option, value in given.items():
        if value:
            raise UsageError(f"{option} cannot stand beside --workload", hint=f"say it in the operations of {path}")
    workload = config.load_workload(path)
    check_scheme(parts, workload)
    host = parts.netloc.rpartition("@")[2]
    if parts.scheme == "http+unix" or workload.protocol not in (Protocol.HTTP1, Protocol.HTTP2, Protocol.GRPC):
        return workload
    return msgspec.structs.replace(workload, operations=[_to_host(one, host) for one in workload.operations])


def _to_host(operation: Operation, host: str) -> Operation:
    if any(name.lower() == "host" for name in operation.headers):
        return operation
    return msgspec.structs.replace(operation, headers={"Host": host} | operation.headers)


def _overruled(workload: Workload, wanted: Wanted) -> Workload:
    """Put the options in place of what the workload says."""
    arrival = wanted.arrival or (Arrival.CLOSED if wanted.connections is not None else workload.arrival)
    profile = _profile(workload, wanted)
    changes = {
        "arrival": arrival,
        "profile": profile,
        "rate_per_s": wanted.rate,
        "duration": wanted.duration or _length(wanted, profile),
        "seed": wanted.seed,
        "max_connections": wanted.max_connections,
        "connections": wanted.connections,
        "proto": str(wanted.proto.resolve()) if wanted.proto else None,
        "descriptors": str(wanted.descriptors.resolve()) if wanted.descriptors else None,
        "tls": _tls(workload, wanted),
    }
    return msgspec.structs.replace(workload, **{key: value for key, value in changes.items() if value is not None})


def _profile(workload: Workload, wanted: Wanted) -> list[Stage]:
    if wanted.profile and wanted.rate is not None:
        raise UsageError("--rate and --profile cannot stand together", hint="keep one of them")
    if wanted.profile:
        return profile_of(wanted.profile)
    return [] if wanted.rate is not None else workload.profile


def _length(wanted: Wanted, profile: list[Stage]) -> Duration | None:
    """Return the length of a profile that was given without a duration."""
    return Duration(sum(stage.duration for stage in profile)) if wanted.profile else None


def _tls(workload: Workload, wanted: Wanted) -> Tls | None:
    if not (wanted.insecure or wanted.ca):
        return workload.tls
    ca_file = str(wanted.ca.resolve()) if wanted.ca else ""
    return msgspec.structs.replace(workload.tls or Tls(), insecure=wanted.insecure, ca_file=ca_file)


def _impossible(problem: Problem) -> UsageError:
    """Tell a problem of the workload by the option that it came from."""
    key = problem.key.rpartition(".")[2].replace("_", "-")
    return UsageError(
        f"{problem.key}: {problem.found}; accepted: {problem.accepted}", hint=problem.hint or f"see --{key}"
    )
