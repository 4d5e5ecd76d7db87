"""Gates: what each variant has to pass besides being measured, with its output kept in the recording."""

import os
import shutil
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Final

import msgspec

from tailtune.errors import BuildError, NotReadyError, ServiceDiedError, SetupError
from tailtune.model.answers import GateResult
from tailtune.model.gates import Gates
from tailtune.model.project import Language, Variant
from tailtune.model.recording import Phase
from tailtune.model.units import NS_PER_S, Duration
from tailtune.model.workload import Arrival
from tailtune.record import registry
from tailtune.record.builds.source import source_tree
from tailtune.record.phases.bench import Bench, Plan
from tailtune.record.phases.player import Player
from tailtune.record.phases.seeds import derive_seed
from tailtune.record.phases.service import Build, start
from tailtune.record.ports import Launch
from tailtune.record.processes.process import how_ended, supervisor

_TEST: Final = "test"
_RACE: Final = "race"
_RACE_STATUS: Final = 66
"""Exit status of a Go program in which the race detector saw something, unless GORACE says otherwise."""
_RACE_TEXT: Final = b"WARNING: DATA RACE"
_CONNECTIONS: Final = 8
"""That send at once, each as soon as it has its answer."""
_MOST_LOG_BYTES: Final = 64 * 1024 * 1024
_POLL_SECONDS: Final = 0.2


def run_gates(plan: Plan, gates: Gates, builds: Sequence[Build], bench: Bench, player: Player) -> list[GateResult]:
    """Put each variant through the gates asked for; a gate that is not passed is a result, not an error.

    Args:
        plan: Of the experiment: folder, cache, service and workload.
        gates: Which gates.
        builds: The variants, the baseline first. Equal ones share a result.
        bench: Where output is kept, as `logs/VARIANT.GATE.txt`, and which CPUs the service gets.
        player: Of the experiment's workload, whose requests the builds with `-race` get.

    Returns:
        Gate by gate, the baseline's result first.

    Raises:
        RecordingError: if output cannot be kept.
        KeyboardInterrupt: if it was interrupted; what was started is ended.
    """
    wanted: list[tuple[str, Callable[[Build], GateResult]]] = []
    if gates.test:
        wanted.append((_TEST, lambda one: _Test(plan, gates, bench).run(one)))
    if gates.race and plan.service.language is Language.GO:
        wanted.append((_RACE, lambda one: _Race(plan, gates, bench, player).run(one)))
    results: list[GateResult] = []
    for name, gate in wanted:
        known: dict[bytes, GateResult] = {}
        for build in builds:
            same = _sameness(name, build.variant)
            if same in known:
                shared = msgspec.structs.replace(known[same], variant=build.name, seconds=0.0)
                results.append(shared)
                continue
            known[same] = gate(build) if not build.variant.binary else _not_run(build, name)
            results.append(known[same])
    return results


def _not_run(build: Build, gate: str) -> GateResult:
    return GateResult(
        variant=build.name,
        name=gate,
        passed=True,
        seconds=0.0,
        reason="not run: the executable was built elsewhere",
    )


def _sameness(gate: str, variant: Variant) -> bytes:
    """Return what tells variants apart for a gate: tests see no arguments and no knobs."""
    if gate == _TEST:
        variant = msgspec.structs.replace(variant, knobs={}, args=None, instrument=None)
    return msgspec.json.encode(variant)


def _log_name(build: Build, gate: str) -> str:
    plain = "".join(letter if letter.isalnum() or letter in "._-" else "-" for letter in build.name)
    return f"{plain}.{gate}.txt"


class _Test:
    """The test command in a variant's source."""

    def __init__(self, plan: Plan, gates: Gates, bench: Bench) -> None:
        self._plan = plan
        self._gates = gates
        self._bench = bench

    def run(self, build: Build) -> GateResult:
        name = _log_name(build, _TEST)
        begun = time.monotonic()
        variant, plan = build.variant, self._plan
        with source_tree(plan.root, variant.git_ref, plan.cache, variant.patch) as tree:
            reason = self._tested(build, tree.folder / plan.service.workdir, self._bench.writer.log_path(name))
        return GateResult(
            variant=build.name, name=_TEST, passed=not reason, seconds=time.monotonic() - begun,
            log=f"logs/{name}", reason=reason,
        )  # fmt: skip

    def _tested(self, build: Build, workdir: Path, log: Path) -> str:
        """Run the command; return why it did not pass, or nothing."""
        command = self._gates.test
        # Both streams in one file, in the order in which they were written.
        argv = ["sh", "-c", 'exec "$0" "$@" 2>&1', *command]
        env = {**os.environ, **build.variant.build_env, **_tags(build.variant), "TAILTUNE_VARIANT": build.name}
        log.touch()
        if shutil.which(command[0], path=env.get("PATH")) is None and "/" not in command[0]:
            return f"{command[0]} is not installed"
        launch = Launch(
            argv=argv, env=env, workdir=workdir, port=0, cpus=[], stdout=log, stderr=Path(os.devnull)
        )  # fmt: skip
        try:
            process = supervisor().start(launch)
        except SetupError as error:
            return error.message
        deadline, ended = time.monotonic() + self._gates.test_timeout / NS_PER_S, False
        reason = ""
        try:
            while not (ended := process.wait(_POLL_SECONDS)) and not reason:
                if time.monotonic() > deadline:
                    reason = f"it took longer than {self._gates.test_timeout}"
                elif log.stat().st_size > _MOST_LOG_BYTES:
                    reason = f"it printed more than {_MOST_LOG_BYTES >> 20} MiB"
        finally:
            status = supervisor().stop(process, grace_seconds=0).status
        if ended and status:
            reason = f"{' '.join(command)} ended with {how_ended(status)}"
        return reason


def _tags(variant: Variant) -> dict[str, str]:
    """Return what makes Go test with the variant's build tags."""
    if not variant.tags:
        return {}
    flags = f"{variant.build_env.get('GOFLAGS') or os.environ.get('GOFLAGS', '')} -tags={','.join(variant.tags)}"
    return {"GOFLAGS": flags.strip()}


class _Race:
    """A build with the race detector, under the workload."""

    def __init__(self, plan: Plan, gates: Gates, bench: Bench, player: Player) -> None:
        self._plan = plan
        self._gates = gates
        self._bench = bench
        self._player = player

    def run(self, build: Build) -> GateResult:
        name = _log_name(build, _RACE)
        log = self._bench.writer.log_path(name)
        log.touch()
        begun = time.monotonic()
        try:
            reason = self._raced(self._with_detector(build), log)
        except (BuildError, NotReadyError, ServiceDiedError, SetupError) as error:
            reason = error.message
            if error.detail and not log.stat().st_size:
                log.write_text(f"{error.detail}\n", encoding="utf-8")
        found = _races(log)
        if found:
            reason = f"the race detector reported {found} time{'s' if found > 1 else ''}"
        return GateResult(
            variant=build.name, name=_RACE, passed=not reason, seconds=time.monotonic() - begun,
            log=f"logs/{name}", reason=reason,
        )  # fmt: skip

    def _with_detector(self, build: Build) -> Build:
        plain, plan = build.variant, self._plan
        variant = msgspec.structs.replace(
            plain,
            build_flags=["-race", *plain.build_flags],
            build_env={"CGO_ENABLED": "1", **plain.build_env},
            pgo="",  # a profile changes what is quick, not what races
            instrument=None,
            env={**plain.env, "GODEBUG": _without_traces(plain.env, plan.service.env, os.environ)},
        )
        artifact = registry.target(plan.service.language).build(
            plan.service, variant, build.name, plan.root, plan.cache
        )
        return Build(name=build.name, variant=variant, artifact=artifact)

    def _raced(self, build: Build, log: Path) -> str:
        """Play the workload; return what speaks against the variant besides reports, or nothing."""
        plan, length = self._plan, self._gates.race_duration
        # An open load of quick requests fits on one connection, which one goroutine serves: nothing would race.
        traced = self._player.workload.arrival is Arrival.TRACE  # its data may come out of the trace
        player = self._player if traced else self._player.closed(_CONNECTIONS)
        schedule = player.compile(derive_seed(self._seed, Phase.GATES), Duration(length))
        service = start(
            plan.service, build, root=plan.root, cpus=self._bench.layout.service, stdout=Path(os.devnull), stderr=log
        )  # fmt: skip
        done = False
        try:
            service.wait_ready()
            player.play(
                schedule,
                service.port,
                on_interval=lambda _: None,
                poll=lambda: service.process.check(Phase.GATES),
            )
            service.process.check(Phase.GATES)
            done = True
        finally:
            ended = service.stop(grace=done)
        if ended.status == _RACE_STATUS:
            return f"it ended with {how_ended(ended.status)}, as after a data race"
        return ""

    @property
    def _seed(self) -> int:
        return self._plan.workload.seed if self._plan.seed is None else self._plan.seed


def _without_traces(*environments: Mapping[str, str]) -> str:
    """Return the GODEBUG in force, without what the runtime would print among the detector's reports."""
    given = next((one["GODEBUG"] for one in environments if one.get("GODEBUG")), "")
    return ",".join([*([given] if given else []), "gctrace=0", "schedtrace=0"])


def _races(log: Path) -> int:
    """Count the reports of the race detector."""
    with log.open("rb") as lines:
        return sum(1 for line in lines if line.startswith(_RACE_TEXT))
