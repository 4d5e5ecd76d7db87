"""Variants and workloads by name."""

from typing import Final

from tailtune.config.problem import listed, nearest
from tailtune.errors import UsageError
from tailtune.model.project import Project, Variant
from tailtune.model.workload import Workload

BASE: Final = "base"
"""The variant that always exists: the service as it is."""
_DEFAULT: Final = "default"
_DESCRIBE: Final = 'describe it in tailtune.toml: [variants.{name}], and below it for example git_ref = "HEAD"'


def variant(project: Project, name: str) -> Variant:
    """Return the variant called `name`.

    Raises:
        UsageError: if there is none; the message lists the known names.
    """
    if name == BASE:
        return Variant()
    if name not in project.variants:
        raise _unknown("variant", name, [BASE, *project.variants], hint=_DESCRIBE.format(name=name))
    return project.variants[name]


def workload(project: Project, name: str) -> Workload:
    """Return the workload called `name`.

    Raises:
        UsageError: if there is none; the message lists the known names.
    """
    if name not in project.workloads:
        raise _unknown("workload", name, list(project.workloads))
    return project.workloads[name]


def default_workload(project: Project) -> str:
    """Return the workload used when none is named: `default`, or the only one.

    Raises:
        UsageError: if there are several and none is called `default`.
    """
    if _DEFAULT in project.workloads:
        return _DEFAULT
    if len(project.workloads) == 1:
        return next(iter(project.workloads))
    raise UsageError(
        f"there are several workloads and none is called `{_DEFAULT}`: {listed(project.workloads)}",
        hint="name one with --workload",
    )


def _unknown(what: str, name: str, known: list[str], hint: str = "") -> UsageError:
    return UsageError(f"unknown {what} `{name}`; known: {listed(known)}", hint=nearest(name, known) or hint)
