"""Are the values possible? What the types alone cannot say, key by key."""

from collections.abc import Iterator, Mapping
from typing import Any

from tailtune.config.answers import gates
from tailtune.config.languages import foreign_keys
from tailtune.config.problem import Problem, join
from tailtune.config.values import environment, not_a_path, positive, status
from tailtune.config.values import name as name_of
from tailtune.config.variants import hears_port, is_told
from tailtune.config.variants import variant as variant_problems
from tailtune.config.workloads import workload as workload_problems
from tailtune.model.pprof_address import PPROF_PORT, pprof_address
from tailtune.model.project import Goals, Language, Project, ReadyCheck, Service


def impossible(project: Project, raw: Mapping[str, Any]) -> Iterator[Problem]:
    """Yield every impossible value of a project; `raw` is the parsed file it was read from."""
    yield from foreign_keys(project.service.language, raw)
    yield from _service(project.service)
    yield from _goals(project.goals)
    yield from gates(project.gates)
    if not project.workloads:
        yield Problem(key="workloads", found="is empty", accepted="at least one table, such as [workloads.default]")
    for name, workload in project.workloads.items():
        yield from name_of("workloads", name)
        yield from workload_problems(join("workloads", name), workload)
    for name, variant in project.variants.items():
        yield from name_of("variants", name)
        yield from variant_problems(join("variants", name), variant, project.service)


def _service(service: Service) -> Iterator[Problem]:
    if service.language is Language.COMMAND and not service.binary:
        yield Problem(
            key="service.binary", found="is missing", accepted='the path of the executable, for language "command"'
        )
    if not 0 <= service.port <= 65_535:
        yield Problem(key="service.port", found=f"is {service.port}", accepted="0 (a free port is chosen) to 65535")
    yield from _pprof(service)
    yield from environment("service.env", service.env)
    yield from _ready(service.ready)
    if not hears_port(service.args, service):
        yield Problem(
            key="service.args",
            found="neither `args` nor `env` holds {port}, so the service cannot be told its port",
            accepted="{port} in `service.args` or `service.env`, or a fixed `service.port`",
            hint='for example args = ["--port", "{port}"] or env = { PORT = "{port}" }',
        )


def _pprof(service: Service) -> Iterator[Problem]:
    address = pprof_address(service.pprof)
    if service.pprof and address is None:
        yield Problem(
            key="service.pprof",
            found=f'is "{service.pprof}"',
            accepted="a path that begins with /, a port before it as in :6060/debug/pprof, or empty text when it is "
            "not imported",
        )
    asked = address is not None and address.port == PPROF_PORT
    if asked != is_told(PPROF_PORT, service.args, service):
        yield Problem(
            key="service.pprof" if asked else "service.args",
            found=f"holds {PPROF_PORT}, but {'neither `args` nor `env` does' if asked else '`pprof` does not'}",
            accepted=f'pprof = ":{PPROF_PORT}/debug/pprof" together with {PPROF_PORT} in `args` or `env`',
        )


def _ready(ready: ReadyCheck) -> Iterator[Problem]:
    if ready.path and not ready.path.startswith("/"):
        yield not_a_path("service.ready.path", ready.path, "or empty text for an open port")
    yield from status("service.ready.status", ready.status)
    yield from positive("service.ready.timeout", ready.timeout, "a duration > 0")


def _goals(goals: Goals) -> Iterator[Problem]:
    for key, goal in (("p50", goals.p50), ("p99", goals.p99), ("p99.9", goals.p999)):
        if goal is not None:
            yield from positive(join("goals", key), goal, "a duration > 0")
    if goals.cpu_per_request is not None:
        yield from positive("goals.cpu_per_request", goals.cpu_per_request, "a duration > 0")
