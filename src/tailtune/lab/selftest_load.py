"""`tailtune selftest load`: loads whose result is known beforehand, and what the engine reported of them."""

import os
import signal
import threading
import time
from collections.abc import Callable
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import Final

import msgspec
import numpy as np
import numpy.typing as npt

from tailtune.judge import truth
from tailtune.judge.queueing import (
    DeterministicQueue,
    HyperexponentialQueue,
    Queue,
    Times,
    replay,
    utilization,
)
from tailtune.lab.proving import Proof, Stand, workload
from tailtune.model.estimate import Estimate
from tailtune.model.load import Validity
from tailtune.model.recording import CpuLayout
from tailtune.model.selftest import Figure, LoadSelftest, LoadTest
from tailtune.model.units import NS_PER_S, format_ns
from tailtune.model.workload import Arrival
from tailtune.record.engine.load import EngineProcess
from tailtune.record.engine.servers import null_server, queue_server, read_arrivals, read_services
from tailtune.record.host.local import LocalHost
from tailtune.record.phases.bench import scratch
from tailtune.record.ports import Progress
from tailtune.record.processes.hog import hogs

SERVICE_US: Final = 5_000.0
"""Three hundredths of it are more than the way through the kernel takes, so that 3 % means something."""
SERVICE_SCV: Final = 3.0
LOADS: Final = (0.3, 0.6, 0.8)
_SEED: Final = 1
_FROZEN_SHARE: Final = 0.25
_HOGS: Final = 4
_PROMPT_US: Final = 50.0
_CAPPED_SERVICE_US: Final = 20_000.0
_US: Final = 1_000


class Lengths(msgspec.Struct, frozen=True, kw_only=True):
    """How long each test loads, in seconds."""

    freeze: float = 8.0
    floor: float = 5.0
    queue: float = 20.0
    starved: float = 3.0
    capped: float = 2.0


QUICK: Final = Lengths(freeze=4.0, floor=2.0, queue=3.5, starved=2.0, capped=1.0)


def selftest_load(*, quick: bool, progress: Progress) -> LoadSelftest:
    """Prove the load engine on this machine; `quick`: with loads that are too short for a p99.

    Raises:
        As `proved` does.
    """
    return proved(QUICK if quick else Lengths(), progress)


def proved(lengths: Lengths, progress: Progress) -> LoadSelftest:
    """Play every known load for so long, and judge what was reported.

    Raises:
        SetupError: if the engine or a server cannot be started.
        KeyboardInterrupt: if it was interrupted; nothing is kept.
    """
    host, started = LocalHost(), time.monotonic()
    layout = host.layout()
    tests: list[LoadTest] = []
    with scratch() as folder:
        with EngineProcess(layout.engine[:1]) as engine:
            stand = Stand(engine, folder, progress)
            for name, test in _tests(stand, layout, lengths):
                progress.phase("selftest", name)
                tests.append(test())
        progress.phase("selftest", "starved generator")
        tests.append(_starved(folder, layout, lengths.starved, progress))
    return LoadSelftest(
        environment=host.environment(Path.cwd()),
        layout=layout,
        tests=tests,
        outcome=truth.worst(test.outcome for test in tests),
        seconds=time.monotonic() - started,
        warnings=[layout.note] if layout.note.startswith("warning") else [],
    )


def _tests(stand: Stand, layout: CpuLayout, lengths: Lengths) -> list[tuple[str, Callable[[], LoadTest]]]:
    """Return the tests that share one engine, by what progress calls them."""
    mean = SERVICE_US * _US
    queues: list[tuple[str, str, Queue]] = [
        *(("md1", "M/D/1", DeterministicQueue(load / mean, mean)) for load in LOADS),
        *(("mg1", "M/G/1", HyperexponentialQueue(load / mean, mean, SERVICE_SCV)) for load in LOADS),
    ]
    return [
        ("freeze", partial(_freeze, stand, lengths.freeze)),
        ("null-server floor", partial(_floor, stand, lengths.floor)),
        *(
            (f"{title} at {utilization(queue):g}", partial(_queue, stand, queue, name, title, layout, lengths.queue))
            for name, title, queue in queues
        ),
        ("capped pool", partial(_capped, stand, lengths.capped)),
    ]


def _freeze(stand: Stand, seconds: float) -> LoadTest:
    """Stop the server for a quarter of the time."""
    rate, frozen = 100.0, seconds * _FROZEN_SHARE
    seen: dict[str, int] = {}

    with null_server(real_time=True) as server:

        def freeze() -> None:
            os.kill(server.pid, signal.SIGSTOP)
            seen["begin"] = time.monotonic_ns()
            time.sleep(frozen)
            seen["end"] = time.monotonic_ns()
            os.kill(server.pid, signal.SIGCONT)

        timer = threading.Timer(seconds / 4, freeze)
        timer.start()
        try:
            proof = stand.play(workload(rate, seconds, seed=_SEED), server.port)
        finally:
            timer.cancel()
            timer.join()
    expected = truth.statistics(truth.freeze(proof.intended, seen["begin"], seen["end"]), maximum=True)
    expected.pop("p50")  # requests outside the stall: what the floor below measures
    return truth.conclude(
        "freeze",
        f"server stopped for {frozen:g} of {seconds:g} s",
        proof.report,
        _times(proof, expected, truth.freeze_theory(rate, seconds, frozen)),
    )


def _times(
    proof: Proof, expected: dict[str, float], theory: dict[str, Estimate], *, late: bool = False
) -> list[Figure]:
    measured = truth.statistics(proof.latencies, maximum=True)
    clean = proof.report.validity is Validity.VALID and not late
    return truth.compare(expected, measured, theory, clean=clean)


def _floor(stand: Stand, seconds: float) -> LoadTest:
    """Let the server's kernel witness when requests arrived, and how many."""
    journal = stand.folder / "floor"
    with null_server(real_time=True, journal=journal) as server:
        proof = stand.play(workload(1_000, seconds, seed=_SEED), server.port)
        count, arrived = read_arrivals(journal)
    clean = proof.report.validity is Validity.VALID
    figures = [truth.compare_counts("requests", count, proof.report.sent_requests, clean=clean)]
    if len(arrived) == len(proof.sent):
        way = float(np.median(np.sort(arrived) - np.sort(proof.sent)))
        figures += truth.compare({"sent to received, p50": 0.0}, {"sent to received, p50": way}, clean=clean)
    floor = ", ".join(f"{name} {format_ns(value)}" for name, value in truth.statistics(proof.latencies).items())
    return truth.conclude(
        "null-server",
        "server that does nothing but answer",
        proof.report,
        figures,
        notes=[f"floor of latency here: {floor}"],
    )


def _queue(stand: Stand, queue: Queue, kind: str, title: str, layout: CpuLayout, seconds: float) -> LoadTest:
    """Load a queue of which theory knows the waiting times."""
    name, title = f"{kind}-{utilization(queue):g}", f"{title}, utilisation {utilization(queue):g}"
    journal, cpu = stand.folder / name, layout.service[0]
    law = "constant" if queue.service_scv == 0 else "hyperexponential"
    with queue_server(law, SERVICE_US, scv=SERVICE_SCV, seed=_SEED, cpu=cpu, journal=journal) as server:
        proof = stand.play(workload(queue.rate * NS_PER_S, seconds, seed=_SEED), server.port)
        served = read_services(journal)
    clean = proof.report.validity is Validity.VALID
    if len(served) != len(proof.intended):
        wrong = truth.compare_counts("requests", len(served), len(proof.intended), clean=clean)
        return truth.conclude(name, title, proof.report, [wrong])
    way = _way(proof, served)
    expected = truth.statistics(replay(proof.intended, served["due_ns"] - served["begun_ns"]))
    tardy = any(abs(late) > truth.tolerance(queue.mean_service) for late in truth.statistics(way["serving"]).values())
    test = truth.conclude(
        name, title, proof.report, _times(proof, expected, truth.queue_theory(queue, seconds), late=tardy)
    )
    where = ", ".join(f"{part} {format_ns(float(np.mean(late)))}" for part, late in way.items())
    return msgspec.structs.replace(test, notes=[f"beyond the queue, on average: {where}"])


def _way(proof: Proof, served: npt.NDArray[np.void]) -> dict[str, Times]:
    """Return by how much each request was late in leaving, being answered and being noticed, ns."""
    return {
        "leaving": np.sort(served["arrived_ns"]) - proof.intended.astype(np.float64),
        "serving": (served["answered_ns"] - served["due_ns"]).astype(np.float64),
        "returning": np.sort(proof.done) - np.sort(served["answered_ns"]).astype(np.float64),
    }


def _capped(stand: Stand, seconds: float) -> LoadTest:
    """Ask one connection for twice what it carries: the wait must show, and the load must not be called VALID."""
    rate, service = 2e6 / _CAPPED_SERVICE_US, _CAPPED_SERVICE_US * _US
    chosen = workload(rate, seconds, arrival=Arrival.CONSTANT, max_connections=1)
    with queue_server("constant", _CAPPED_SERVICE_US) as server:
        proof = stand.play(chosen, server.port)
    expected = truth.statistics(replay(proof.intended, np.full(len(proof.intended), service)), maximum=True)
    measured = truth.statistics(proof.latencies, maximum=True)
    return truth.conclude(
        "capped-pool",
        "one connection for twice the rate that it carries",
        proof.report,
        # It has to be called SUSPECT, and its figures have to be right all the same.
        truth.compare(expected, measured, clean=not _machine_disturbed(proof)),
        accepted=[Validity.SUSPECT, Validity.INVALID],
    )


def _machine_disturbed(proof: Proof) -> bool:
    return any(reason.code not in {"connection-cap", "overload"} for reason in proof.report.reasons)


def _starved(folder: Path, layout: CpuLayout, seconds: float, progress: Progress) -> LoadTest:
    """Play without real-time priority on a CPU that others keep busy."""
    cpu = layout.engine[0]
    with ExitStack() as stack:
        server = stack.enter_context(queue_server("constant", _PROMPT_US, cpu=layout.service[0]))
        engine = stack.enter_context(EngineProcess([cpu], real_time=False))
        stack.enter_context(hogs(cpu, _HOGS))
        stack.enter_context(hogs(cpu, 1, real_time=True))
        own = folder / "starved"
        own.mkdir()
        proof = Stand(engine, own, progress).play(workload(500, seconds, seed=_SEED), server.port)
    return truth.conclude(
        "starved",
        "generator without real-time priority on a busy CPU",
        proof.report,
        accepted=[Validity.INVALID],
    )
