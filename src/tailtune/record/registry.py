"""Finds plug-ins by being there: each module of a folder, and each entry point of the group with its name.

A module of `record/targets` offers `TARGET`, of `record/knobs` `KNOB`, of `record/collectors`
`COLLECTOR` (a class), of `record/importers` `IMPORTER`; an entry point of the groups `tailtune.targets`,
`tailtune.knobs`, `tailtune.collectors` and `tailtune.importers` refers to such a module. A target's
language has to be in `model.project.Language`.
"""

import functools
import importlib
import importlib.metadata
import pkgutil
from collections.abc import Iterator, Mapping
from types import ModuleType
from typing import TypeVar, cast

from tailtune.errors import UsageError
from tailtune.record.ports import Collector, Importer, Knob, Target

_T = TypeVar("_T")


@functools.cache
def targets() -> dict[str, Target]:
    """Return the targets by their language."""
    return {name: cast("Target", plugin) for name, plugin in _plugins("targets", "TARGET", "language")}


@functools.cache
def knobs() -> dict[str, Knob]:
    """Return the knobs by their names."""
    return {name: cast("Knob", plugin) for name, plugin in _plugins("knobs", "KNOB", "name")}


@functools.cache
def collectors() -> dict[str, type[Collector]]:
    """Return the collector classes by their names."""
    return {name: cast("type[Collector]", plugin) for name, plugin in _plugins("collectors", "COLLECTOR", "name")}


@functools.cache
def importers() -> dict[str, Importer]:
    """Return the importers by their names."""
    return {name: cast("Importer", plugin) for name, plugin in _plugins("importers", "IMPORTER", "name")}


def importer(name: str) -> Importer:
    """Return an importer.

    Raises:
        UsageError: if there is none of this name.
    """
    return _named("importer", name, importers())


def target(language: str) -> Target:
    """Return the target for a language.

    Raises:
        UsageError: if there is none.
    """
    return _named("target", language, targets())


def knob(name: str) -> Knob:
    """Return a knob.

    Raises:
        UsageError: if there is none of this name.
    """
    return _named("knob", name, knobs())


def collector(name: str) -> type[Collector]:
    """Return a collector's class.

    Raises:
        UsageError: if there is none of this name.
    """
    return _named("collector", name, collectors())


def _named(kind: str, name: str, found: Mapping[str, _T]) -> _T:
    if name not in found:
        raise UsageError(f"no {kind} is named {name!r}", hint=f"there are: {', '.join(sorted(found))}")
    return found[name]


def _plugins(folder: str, attribute: str, key: str) -> Iterator[tuple[str, object]]:
    seen: dict[str, str] = {}
    for module in _modules(folder):
        plugin = getattr(module, attribute, None)
        if plugin is None:
            raise UsageError(f"the plug-in {module.__name__} offers no {attribute}")
        name = str(getattr(plugin, key))
        if name in seen:
            raise UsageError(f"two plug-ins are named {name!r}: {seen[name]} and {module.__name__}")
        seen[name] = module.__name__
        yield name, plugin


def _modules(folder: str) -> Iterator[ModuleType]:
    package = importlib.import_module(f"tailtune.record.{folder}")
    for found in sorted(pkgutil.iter_modules(package.__path__), key=lambda one: one.name):
        yield importlib.import_module(f"{package.__name__}.{found.name}")
    for entry in importlib.metadata.entry_points(group=f"tailtune.{folder}"):
        try:
            module = entry.load()
        except Exception as error:
            raise UsageError(
                f"the plug-in {entry.name!r} ({entry.value}) cannot be loaded: {error}",
                hint="update or uninstall its package",
            ) from error
        yield module
