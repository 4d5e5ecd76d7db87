"""`tailtune knobs`: which settings can be turned, and which of them can act on this project's service here."""

import sys
from collections.abc import Mapping
from pathlib import Path

from tailtune import config as configuration
from tailtune.bundle.reader import Bundle
from tailtune.bundle.workspace import Workspace
from tailtune.errors import ConfigError, TailtuneError, UsageError
from tailtune.model.knobs import KnobFacts, KnobList, KnobPlace
from tailtune.model.project import Language, Project, Service
from tailtune.record import registry
from tailtune.record.ports import Knob


def knobs(root: Path, config: Path | None, name: str | None = None) -> KnobList:
    """Describe all knobs, or the one named, by place and name; example levels are tried where that starts nothing.

    Without a configuration file they are tried for any command.

    Raises:
        UsageError: if there is no knob of that name.
        ConfigError: if the configuration file named cannot be used.
    """
    project = _project(root, config)
    service = project.service if project else Service(language=Language.COMMAND, binary=sys.executable)
    binary = _binary(root, service, built=project is not None)
    found = [registry.knob(name)] if name else sorted(registry.knobs().values(), key=_order)
    told = f"the {service.language} service of {root}" if project else "any command: there is no tailtune.toml here"
    tried = [
        _facts(one, {level: _why_not(one, service, project, binary, level) for level in one.examples}) for one in found
    ]
    return KnobList(service=told, knobs=tried)


def reference() -> KnobList:
    """Describe all knobs without trying them: what docs/knobs.md is written from."""
    return KnobList(service="", knobs=[_facts(one, {}) for one in sorted(registry.knobs().values(), key=_order)])


def _order(knob: Knob) -> tuple[int, str]:
    return list(KnobPlace).index(knob.place), knob.name


def _facts(knob: Knob, reasons: Mapping[str, str]) -> KnobFacts:
    return KnobFacts(
        name=knob.name,
        place=knob.place,
        help=knob.help,
        levels=knob.levels,
        examples=list(knob.examples),
        takes=knob.takes,
        undo=knob.undo,
        refused={level: reason for level, reason in reasons.items() if reason},
    )


def _why_not(knob: Knob, service: Service, project: Project | None, binary: str | None, level: str) -> str:
    if reason := knob.needs(service, binary, level):
        return reason
    if project is not None and knob.place is KnobPlace.LOAD:
        try:
            knob.load(configuration.workload(project, configuration.default_workload(project)), level)
        except UsageError as error:
            return error.message
    return ""


def _project(root: Path, config: Path | None) -> Project | None:
    path = config or root / "tailtune.toml"
    try:
        return configuration.load(path)
    except ConfigError:
        if config is not None or path.exists():
            raise
        return None


def _binary(root: Path, service: Service, *, built: bool) -> str | None:
    """Return the program to look at: the command's own, or what the last recording was made with; None: not known."""
    if not built:
        return None
    if service.language is Language.COMMAND:
        path = root / service.workdir / service.binary
        return str(path) if path.is_file() else None
    for run in reversed(Workspace(root).finished()):
        try:
            paths = [one.path for one in Bundle.open(run).manifest.artifacts]
        except TailtuneError:
            continue
        if existing := [path for path in paths if Path(path).is_file()]:
            return existing[0]
    return None
