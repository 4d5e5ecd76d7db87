"""Are the values possible? What the types alone cannot say, key by key."""

import math
import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from tailtune.config.languages import foreign_keys
from tailtune.config.lookup import BASE
from tailtune.config.problem import Problem, join, listed, nearest
from tailtune.model.project import Goals, Language, Project, ReadyCheck, Service, Variant
from tailtune.model.units import NS_PER_S
from tailtune.model.workload import Operation, Workload

MAX_REQUESTS: Final = 100_000_000
"""A schedule is compiled before it is played; this many requests fill about 2 GB."""

_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
_TOKEN: Final = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")  # RFC 9110, 5.6.2
_PLACEHOLDER: Final = re.compile(r"\{([A-Za-z_][A-Za-z0-9_]*)\}")
_UNSAFE_IN_LINE: Final = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")
_STATUS: Final = range(200, 600)
_PORT: Final = "{port}"


def impossible(project: Project, raw: Mapping[str, Any]) -> Iterator[Problem]:
    """Yield every impossible value of a project; `raw` is the parsed file it was read from."""
    yield from foreign_keys(project.service.language, raw)
    yield from _service(project.service)
    yield from _goals(project.goals)
    if not project.workloads:
        yield Problem(key="workloads", found="is empty", accepted="at least one table, such as [workloads.default]")
    for name, workload in project.workloads.items():
        yield from _name("workloads", name)
        yield from _workload(join("workloads", name), workload)
    for name, variant in project.variants.items():
        yield from _name("variants", name)
        yield from _variant(join("variants", name), variant, project.service)


def _service(service: Service) -> Iterator[Problem]:
    if service.language is Language.COMMAND and not service.binary:
        yield Problem(
            key="service.binary", found="is missing", accepted='the path of the executable, for language "command"'
        )
    if not 0 <= service.port <= 65_535:
        yield Problem(key="service.port", found=f"is {service.port}", accepted="0 (a free port is chosen) to 65535")
    if service.pprof and not service.pprof.startswith("/"):
        yield _not_a_path("service.pprof", service.pprof, "or empty text when it is not imported")
    yield from _environment("service.env", service.env)
    yield from _ready(service.ready)
    if not _hears_port(service.args, service):
        yield Problem(
            key="service.args",
            found="neither `args` nor `env` holds {port}, so the service cannot be told its port",
            accepted="{port} in `service.args` or `service.env`, or a fixed `service.port`",
            hint='for example args = ["--port", "{port}"] or env = { PORT = "{port}" }',
        )


def _hears_port(args: list[str], service: Service, env: Mapping[str, str] | None = None) -> bool:
    texts = [*args, *service.env.values(), *(env or {}).values()]
    return service.port != 0 or any(_PORT in text for text in texts)


def _ready(ready: ReadyCheck) -> Iterator[Problem]:
    if ready.path and not ready.path.startswith("/"):
        yield _not_a_path("service.ready.path", ready.path, "or empty text for an open port")
    yield from _status("service.ready.status", ready.status)
    yield from _positive("service.ready.timeout", ready.timeout, "a duration > 0")


def _goals(goals: Goals) -> Iterator[Problem]:
    for key, goal in (("p50", goals.p50), ("p99", goals.p99), ("p99.9", goals.p999)):
        if goal is not None:
            yield from _positive(join("goals", key), goal, "a duration > 0")
    if goals.cpu_per_request is not None:
        yield from _positive("goals.cpu_per_request", goals.cpu_per_request, "a duration > 0")


def _workload(path: str, workload: Workload) -> Iterator[Problem]:
    yield from _positive(f"{path}.rate", workload.rate_per_s, "requests per second, > 0")
    yield from _positive(f"{path}.duration", workload.duration, "a duration > 0")
    yield from _schedule_size(path, workload)
    if not 0 <= workload.seed < 2**63:
        yield Problem(key=f"{path}.seed", found=f"is {workload.seed}", accepted="a whole number from 0 to 2^63 - 1")
    if not 1 <= workload.max_connections <= 65_535:
        yield Problem(
            key=f"{path}.max_connections",
            found=f"is {workload.max_connections}",
            accepted="a whole number from 1 to 65535",
        )
    if not workload.operations:
        yield Problem(key=f"{path}.operations", found="is empty", accepted=f"at least one [[{path}.operations]]")
    seen: set[str] = set()
    for index, operation in enumerate(workload.operations):
        where = f"{path}.operations[{index}]"
        if operation.name in seen:
            yield Problem(
                key=f"{where}.name", found=f'"{operation.name}" names two operations', accepted="a name of its own"
            )
        seen.add(operation.name)
        yield from _operation(where, operation)


def _schedule_size(path: str, workload: Workload) -> Iterator[Problem]:
    requests = workload.rate_per_s * workload.duration / NS_PER_S
    possible = math.isfinite(requests) and workload.rate_per_s > 0 and workload.duration > 0
    if possible and not 1 <= requests <= MAX_REQUESTS:
        yield Problem(
            key=f"{path}.duration",
            found=f"with this rate makes {requests:,.6g} requests",
            accepted=f"rate × duration from 1 to {MAX_REQUESTS:,} requests",
        )


def _operation(path: str, operation: Operation) -> Iterator[Problem]:
    if not operation.name.strip():
        yield Problem(key=f"{path}.name", found="is empty", accepted="a name for reports")
    if not operation.path.startswith("/") or re.search(r"\s", operation.path) or _unsafe(operation.path):
        yield _not_a_path(f"{path}.path", operation.path, "without white space")
    if not re.fullmatch(r"[A-Z]+", operation.method):
        yield Problem(
            key=f"{path}.method", found=f'is "{operation.method}"', accepted='an HTTP method in capitals, such as "GET"'
        )
    yield from _positive(f"{path}.weight", operation.weight, "a relative frequency, > 0")
    yield from _positive(f"{path}.timeout", operation.timeout, "a duration > 0")
    yield from _status(f"{path}.expected_status", operation.expected_status)
    yield from _headers(f"{path}.headers", operation.headers)
    yield from _body(path, operation)
    yield from _placeholders(path, operation)


def _headers(path: str, headers: Mapping[str, str]) -> Iterator[Problem]:
    for name, value in headers.items():
        if not _TOKEN.fullmatch(name):
            yield Problem(key=join(path, name), found="is not a header name", accepted="letters, digits and hyphens")
        if _unsafe(value):
            yield Problem(key=join(path, name), found="holds a control character", accepted="text on one line")


def _body(path: str, operation: Operation) -> Iterator[Problem]:
    if operation.body is not None and operation.body_files is not None:
        yield Problem(key=f"{path}.body_files", found="stands beside `body`", accepted="either `body` or `body_files`")
    files = operation.body_files
    if files is not None and (not files or files.startswith("/")):
        accepted = 'a glob relative to the configuration file, such as "bodies/*.json"'
        yield Problem(key=f"{path}.body_files", found=f'is "{files}"', accepted=accepted)


def _placeholders(path: str, operation: Operation) -> Iterator[Problem]:
    texts = {"path": operation.path, "body": operation.body or ""}
    texts |= {join("headers", name): value for name, value in operation.headers.items()}
    for key, text in texts.items():
        for name in dict.fromkeys(_PLACEHOLDER.findall(text)):
            if name not in operation.data:
                known = listed(operation.data) or f"none yet; give its values in `{path}.data`"
                yield Problem(
                    key=f"{path}.{key}",
                    found=f"placeholder {{{name}}} has no data",
                    accepted=f"placeholders that `data` gives values for: {known}",
                    hint=nearest(name, operation.data)
                    or f'add {name} = ["...", "..."] or a file name to `{path}.data`',
                )
    for name, values in operation.data.items():
        if not values:
            yield Problem(
                key=join(f"{path}.data", name),
                found="is empty",
                accepted="an array of values, or the path of a text file",
            )


def _variant(path: str, variant: Variant, service: Service) -> Iterator[Problem]:
    if path == join("variants", BASE):
        yield Problem(
            key=path,
            found=f"`{BASE}` is the service as it is and cannot be changed",
            accepted="any other name",
            hint="put what all variants share into [service]",
        )
    yield from _environment(f"{path}.env", variant.env)
    yield from _environment(f"{path}.build_env", variant.build_env)
    if variant.args is not None and not _hears_port(variant.args, service, variant.env):
        yield Problem(
            key=f"{path}.args",
            found="replaces the service's arguments but does not hold {port}",
            accepted="arguments with {port}, or {port} in `env`, or a fixed `service.port`",
        )


def _name(path: str, name: str) -> Iterator[Problem]:
    if not _NAME.fullmatch(name):
        yield Problem(
            key=join(path, name),
            found="is not a name",
            accepted="letters, digits, dots, hyphens and underscores, beginning with a letter or digit",
        )


def _environment(path: str, env: Mapping[str, str]) -> Iterator[Problem]:
    for name, value in env.items():
        if not name or "=" in name or "\0" in name + value:
            yield Problem(
                key=join(path, name), found="is not a variable", accepted="a name without `=`, a value without NUL"
            )


def _positive(key: str, value: float, what: str) -> Iterator[Problem]:
    if not (math.isfinite(value) and value > 0):
        yield Problem(key=key, found=f"is {value}", accepted=what)


def _status(key: str, status: int) -> Iterator[Problem]:
    if status not in _STATUS:
        yield Problem(key=key, found=f"is {status}", accepted="an HTTP status from 200 to 599")


def _not_a_path(key: str, value: str, qualifier: str) -> Problem:
    return Problem(key=key, found=f'is "{value}"', accepted=f"a path that begins with /, {qualifier}")


def _unsafe(text: str) -> bool:
    return _UNSAFE_IN_LINE.search(text) is not None
