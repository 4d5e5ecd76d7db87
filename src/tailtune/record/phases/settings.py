"""A variant's knobs along the way of a trial: checked, built, loaded, launched, held, and seen."""

import contextlib
from collections.abc import Iterator, Mapping

from tailtune.errors import SetupError
from tailtune.model.knobs import Applied
from tailtune.model.project import Service, Variant
from tailtune.model.workload import Workload
from tailtune.record import registry
from tailtune.record.ports import Launch, Started


def check(service: Service, name: str, variant: Variant) -> None:
    """Refuse, before anything is built, what is misspelled and what cannot be.

    Raises:
        UsageError: if a knob is unknown or a level impossible.
        SetupError: if a level cannot be applied here, as far as that can be told before the build.
    """
    for knob, level in variant.knobs.items():
        registry.knob(knob).check(level)
    _refuse(service, name, variant.knobs, None)


def varied(variant: Variant) -> Variant:
    """Return the variant with its knobs of the build applied; called before the build.

    Raises:
        UsageError: if a knob is unknown or a level impossible.
    """
    for name, level in variant.knobs.items():
        knob = registry.knob(name)
        knob.check(level)
        variant = knob.vary(variant, level)
    return variant


def loaded(workload: Workload, variant: Variant) -> Workload:
    """Return the workload with the variant's knobs of the load applied.

    Raises:
        UsageError: if a knob is unknown, or a level impossible or meaningless for this workload.
    """
    for name, level in variant.knobs.items():
        knob = registry.knob(name)
        knob.check(level)
        workload = knob.load(workload, level)
    return workload


def launched(service: Service, name: str, variant: Variant, artifact_path: str, launch: Launch) -> Launch:
    """Return the launch with the variant's knobs applied.

    Raises:
        UsageError: if a knob is unknown or a level impossible.
        SetupError: if a level cannot be applied to this program on this machine.
    """
    _refuse(service, name, variant.knobs, artifact_path)
    for knob, level in variant.knobs.items():
        launch = registry.knob(knob).apply(launch, level)
    return launch


@contextlib.contextmanager
def held(process: Started, variant: Variant) -> Iterator[None]:
    """Keep the variant's knobs of the machine in force during the block."""
    with contextlib.ExitStack() as stack:
        for name, level in variant.knobs.items():
            stack.enter_context(registry.knob(name).hold(process, level))
        yield


def applied(pid: int, name: str, variant: Variant, launch: Launch) -> list[Applied]:
    """Return each knob of a running variant with what the process shows of it."""
    return [
        Applied(variant=name, knob=knob, level=level, seen=registry.knob(knob).seen(pid, launch, level))
        for knob, level in variant.knobs.items()
    ]


def contradictions(rows: list[Applied]) -> list[str]:
    """Say of which knobs the running process showed something else than was asked for."""
    return [
        f"variant {one.variant}: {one.knob}={one.level} was asked for, and the process shows {one.seen}"
        for one in rows
        if one.seen is not None and one.seen != f"{one.knob}={one.level}"
    ]


def _refuse(service: Service, name: str, knobs: Mapping[str, str], artifact_path: str | None) -> None:
    for knob, level in knobs.items():
        if reason := registry.knob(knob).needs(service, artifact_path, level):
            raise SetupError(
                f"variant {name}: {knob}={level} cannot be applied: {reason}",
                hint="`tailtune knobs` says what each knob takes, and which can act here",
            )
