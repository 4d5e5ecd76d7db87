"""A profile for the compiler: the service runs under the workload, with another seed than it is judged with."""

import hashlib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final, TypeVar

import msgspec

from tailtune.bundle.storage import sha256
from tailtune.errors import BuildError, NothingMeasuredError
from tailtune.model import codec
from tailtune.model.instrument import Instrument
from tailtune.model.knobs import KnobPlace
from tailtune.model.project import Language, Variant
from tailtune.model.recording import Artifact, Phase
from tailtune.model.units import NS_PER_S, Duration
from tailtune.record import registry
from tailtune.record.builds import artifacts, pgo
from tailtune.record.endpoint import EndpointError, Source, pull
from tailtune.record.phases import settings
from tailtune.record.phases.bench import Bench, Plan, scratch
from tailtune.record.phases.player import Player
from tailtune.record.phases.seeds import derive_seed
from tailtune.record.phases.service import Build, RunningService, build, start
from tailtune.record.ports import Interval

_T = TypeVar("_T")
_MOST: Final = Duration(30 * NS_PER_S)
"""Longest load that a profile is recorded under; a shorter workload is played once."""
_WARM_UP: Final = Duration(2 * NS_PER_S)
_PURPOSE: Final = "training"
_KNOB: Final = "pgo"
_DIGITS: Final = 32


def trained(plan: Plan, bench: Bench, name: str, variant: Variant) -> Variant:
    """Return the variant with a recorded profile where it asks for one, else as it is; called before its build.

    Raises:
        TailtuneError: as `train` does.
    """
    if settings.varied(variant).pgo != pgo.TRAIN:
        return variant
    path = str(train(plan, bench, name, variant))
    knobs = {**variant.knobs, _KNOB: path} if _KNOB in variant.knobs else variant.knobs
    return msgspec.structs.replace(variant, pgo=path, knobs=knobs)


def train(plan: Plan, bench: Bench, name: str, variant: Variant) -> Path:
    """Record a profile of the variant built without one; return its path in the cache of builds.

    It is kept under what it was made of: the program without a profile, its settings, the requests and their seed.

    Raises:
        BuildError: if the variant does not build, or its service leaves no profile.
        NothingMeasuredError: if no request was completed.
        TailtuneError: if the service does not start, get ready or live.
    """
    settings.check(plan.service, name, variant)
    is_go = plan.service.language is Language.GO
    compiler = env = None
    with scratch() as folder:
        if not is_go:  # what is missing is said before a build of minutes
            env = artifacts.environment(variant.build_env)
            compiler = pgo.rustc(plan.root / plan.service.workdir, env, folder)
            pgo.profdata(compiler, env, folder)
        untrained = _untrained(variant, folder, is_go=is_go)
        artifact = build(plan.service, f"{name} (to be profiled)", untrained, plan.root, plan.cache)
        workload = settings.loaded(plan.workload, variant)
        player = Player(bench.engine, workload, plan.root, folder)
        seed = derive_seed(workload.seed if plan.seed is None else plan.seed, _PURPOSE)
        length = min(workload.duration, _MOST)
        schedule = player.compile(seed, length)
        made_of = _made_of(plan, variant, untrained, artifact, schedule)
        if found := pgo.kept(plan.cache, made_of):
            return found
        bench.progress.phase(Phase.BUILD, f"{name}: recording its profile, {length}")
        one = _Recording(plan, bench, Build(name=name, variant=untrained, artifact=artifact), player, folder)
        if compiler is None or env is None:
            profile = one.sampled(schedule, length)
        else:
            profile = pgo.merge(one.counted(schedule, length), folder / "merged.profdata", compiler, env)
        return pgo.keep(profile, plan.cache, made_of)


def _untrained(variant: Variant, folder: Path, *, is_go: bool) -> Variant:
    """The variant that is profiled: what a profile should not depend on is as usual.

    Knobs of the build are applied here, for some are replaced; those of the machine would only disturb.
    """
    launch = {name: level for name, level in variant.knobs.items() if registry.knob(name).place is KnobPlace.LAUNCH}
    built = msgspec.structs.replace(settings.varied(variant), knobs=launch, layout_seed=None)
    if is_go:
        quiet = Instrument(block=Duration(0), mutex=0)  # nothing but the socket that hands out profiles
        return msgspec.structs.replace(built, pgo=pgo.OFF, instrument=quiet)
    env = {**variant.env, pgo.RAW_FILES: str(folder / "raw" / "%p-%m.profraw")}
    return msgspec.structs.replace(built, pgo=pgo.GENERATE, instrument=None, env=env)


def _made_of(plan: Plan, variant: Variant, untrained: Variant, artifact: Artifact, schedule: Path) -> str:
    program = artifact.content_sha256 or artifact.sha256
    start = (plan.service.args, plan.service.env, variant.args, variant.env, untrained.knobs)
    return hashlib.sha256(codec.to_json((program, sha256(schedule), start))).hexdigest()[:_DIGITS]


class _Recording:
    """One start of the service for its profile."""

    def __init__(self, plan: Plan, bench: Bench, built: Build, player: Player, folder: Path) -> None:
        self._plan = plan
        self._bench = bench
        self._built = built
        self._player = player
        self._folder = folder

    def sampled(self, schedule: Path, length: Duration) -> Path:
        """Take Go's own CPU profile while the load lasts."""
        seconds = max(1, int(length.seconds))

        def load(service: RunningService) -> bytes:
            source = Source(socket=service.subject({}).pprof_socket)
            with ThreadPoolExecutor(max_workers=1) as pool:
                profile = pool.submit(pull, source, "profile", seconds=seconds)
                self._play(service, schedule, length)
                return profile.result()

        path = self._folder / "cpu.pprof"
        try:
            path.write_bytes(self._with_service(load))
        except EndpointError as error:
            raise BuildError(
                f"{self._built.name}: the service gave no CPU profile: {error}", hint=error.hint
            ) from error
        return path

    def counted(self, schedule: Path, length: Duration) -> list[Path]:
        """Let an instrumented program count, and return what it wrote when it ended."""
        raw = self._folder / "raw"
        raw.mkdir()
        self._with_service(lambda service: self._play(service, schedule, length))
        found = [path for path in sorted(raw.iterdir()) if path.stat().st_size]
        if not found:
            raise BuildError(
                f"{self._built.name}: the service wrote no profile when it was ended by SIGTERM ({self._how})",
                hint="a program writes it when it returns from main or calls std::process::exit: let SIGTERM do so",
            )
        return found

    def _with_service(self, load: Callable[[RunningService], _T]) -> _T:
        plan = self._plan
        service = start(
            plan.service, self._built, root=plan.root, cpus=self._bench.layout.service,
            stdout=self._folder / "service.stdout.txt", stderr=self._folder / "service.stderr.txt",
        )  # fmt: skip
        done = False
        try:
            service.wait_ready()
            self._play(service, self._player.compile(derive_seed(0, _PURPOSE), _WARM_UP), _WARM_UP)
            result = load(service)
            done = True
        finally:
            self._how = service.stop(grace=done)
        return result

    def _play(self, service: RunningService, schedule: Path, length: Duration) -> None:
        def on_interval(one: Interval) -> None:
            self._bench.progress.advance(one.index + one.seconds, length.seconds)

        def poll() -> None:
            service.process.check("the recording of its profile")

        report = self._player.play(schedule, service.port, on_interval=on_interval, poll=poll)
        if report.completed_requests == 0:
            raise NothingMeasuredError(
                f"none of {report.sent_requests} requests to {self._built.name} was completed, so there is no profile",
                hint="does the service answer the workload's paths?",
                detail=service.process.stderr_tail(),
            )
