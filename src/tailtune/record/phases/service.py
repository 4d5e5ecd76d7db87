"""From a variant to a running, ready service, and back to nothing."""

import contextlib
import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final, NamedTuple

import msgspec

from tailtune.model.knobs import Applied
from tailtune.model.pprof_address import PPROF_PORT, pprof_address
from tailtune.model.project import Service, Variant
from tailtune.model.recording import Artifact
from tailtune.record import registry
from tailtune.record.host import groups
from tailtune.record.phases import settings
from tailtune.record.phases.instrumenting import Instrumented, instrument
from tailtune.record.ports import Launch, Subject
from tailtune.record.processes import proc, ready
from tailtune.record.processes.process import GRACE_SECONDS, Ended, Process, supervisor

_PORT: Final = "{port}"


class Ports(NamedTuple):
    """Where a service is told to listen, each a free loopback port unless it is fixed."""

    own: int
    pprof: int
    """The same as its own, unless the service says otherwise."""

    def told(self, text: str) -> str:
        """Return a text of the configuration with its placeholders replaced."""
        return text.replace(_PORT, str(self.own)).replace(PPROF_PORT, str(self.pprof))


def choose_ports(service: Service) -> Ports:
    """Choose the ports of a service that is about to start.

    Raises:
        NotReadyError: if the service's fixed port is taken.
    """
    own = ready.choose_port(service.port)
    address = pprof_address(service.pprof)
    if address is None or not address.port:
        return Ports(own, own)
    if address.port != PPROF_PORT:
        return Ports(own, int(address.port))
    other = own
    while other == own:  # nobody listens on it yet, so that it may be offered again
        other = ready.choose_port(0)
    return Ports(own, other)


class Build(msgspec.Struct, frozen=True, kw_only=True):
    """A variant with its artifact, ready to be started as often as wanted."""

    name: str
    variant: Variant
    artifact: Artifact


def build(service: Service, name: str, variant: Variant, root: Path, cache: Path) -> Artifact:
    """Build a variant with the target of its language.

    Raises:
        UsageError: if no target builds this language, or a knob, its level or the git reference is unknown.
        SetupError: if a knob cannot act here.
        BuildError: if it does not build.
    """
    settings.check(service, name, variant)  # a build takes minutes, so what cannot be is said before
    return registry.target(service.language).build(service, settings.varied(variant), name, root, cache)


class RunningService:
    """A started service; `stop` ends it and all its children."""

    def __init__(
        self, service: Service, build: Build, process: Process, started: Instrumented, resources: contextlib.ExitStack
    ) -> None:
        """Use `start`."""
        self.build = build
        self.process = process
        self.port = started.launch.port
        self._started = started
        self._resources = resources
        self.language = service.language
        self._service = service

    @property
    def has_ended(self) -> bool:
        """Whether its first process has ended, by itself unless `stop` was called."""
        return self.process.status is not None

    def wait_ready(self) -> float:
        """Wait until it may be loaded; return the seconds that took.

        Raises:
            NotReadyError: if it ends, stays silent, answers wrongly, or another process answers.
            SetupError if a knob that acts around the process is refused.
        """
        seconds = ready.wait_ready(self.process, self._service.ready, self.port, supervisor())
        self._resources.enter_context(settings.held(self.process, self.build.variant))
        return seconds

    @contextlib.contextmanager
    def under_load(self) -> Iterator[None]:
        """Be entered around each stretch of load: what disturbs a variant on purpose must not disturb the other."""
        with contextlib.ExitStack() as stack:
            for enter in self.process.during_load:
                stack.enter_context(enter())
            yield

    def background_cpu_ns(self) -> int:
        """Return the CPU time so far of what knobs run beside the service on purpose."""
        return sum(proc.cpu_ns(pid) for pid in self.process.companions)

    def applied(self) -> list[Applied]:
        """Return the variant's knobs with what the process shows of them; best asked after the warm-up."""
        return settings.applied(self.process.pid, self.build.name, self.build.variant, self._started.launch)

    def subject(self, window_seconds: Mapping[str, float]) -> Subject:
        """Describe it to the collectors."""
        address = pprof_address(self._service.pprof)
        return Subject(
            pid=self.process.pid,
            port=self.port,
            language=self._service.language,
            pprof=address.path if address else "",
            pprof_port=self._started.launch.pprof_port,
            artifact=self.build.artifact,
            stderr=self.process.stderr,
            started_ns=self.process.started_ns,
            window_seconds=dict(window_seconds),
            pprof_socket=self._started.pprof_socket,
            heap_dumps=self._started.heap_dumps,
        )

    def stop(self, *, grace: bool = True, grace_seconds: float = GRACE_SECONDS) -> Ended:
        """End it; without grace at once."""
        with self._resources:
            return supervisor().stop(self.process, grace_seconds if grace else 0.0)


def start(
    service: Service,
    build: Build,
    *,
    root: Path,
    cpus: list[int],
    stdout: Path,
    stderr: Path,
    under: Sequence[str] = (),
) -> RunningService:
    """Start a built variant on a free loopback port, pinned to its CPUs.

    With `under`, a program with its options executes it, such as valgrind; limits and priorities are then left out.

    Raises:
        NotReadyError: if the service's fixed port is taken.
        SetupError: if the program cannot be executed, or a knob cannot act here; nothing of it is left.
        UsageError: if a knob is unknown or its level impossible, or the program cannot be instrumented.
    """
    ports = choose_ports(service)
    launch = _launch(service, build, root=root, cpus=cpus, ports=ports, stdout=stdout, stderr=stderr)
    if under:
        launch = _unlimited(launch, [*under, *launch.argv])
    with contextlib.ExitStack() as resources:
        launch = resources.enter_context(groups.made(launch, groups.journaled))
        started = instrument(launch, build.variant, service.language, resources)
        process = supervisor().start(started.launch)
        return RunningService(service, build, process, started, resources.pop_all())


def _launch(
    service: Service, build: Build, *, root: Path, cpus: list[int], ports: Ports, stdout: Path, stderr: Path
) -> Launch:
    variant = build.variant
    declared = {**service.env, **variant.env}
    args = service.args if variant.args is None else variant.args
    launch = Launch(
        argv=[build.artifact.path, *(ports.told(text) for text in args)],
        env={
            **os.environ,
            **{name: ports.told(text) for name, text in declared.items()},
            **registry.target(service.language).environment(service, variant),
        },
        workdir=(root / service.workdir).resolve(),
        port=ports.own,
        pprof_port=ports.pprof,
        cpus=cpus,
        stdout=stdout,
        stderr=stderr,
    )
    return settings.launched(service, build.name, variant, build.artifact.path, launch)


def _unlimited(launch: Launch, argv: list[str]) -> Launch:
    """Another program in place of the service, which is not to be held to what the service is allowed."""
    return msgspec.structs.replace(
        launch, argv=argv, nice=None, scheduling="", cpu_quota=None, memory_bytes=None, groups={}
    )
