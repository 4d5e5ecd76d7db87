"""Which CPUs a service may use: those that the tool gave it, unless a knob of its variant names others."""

from typing import Final

from tailtune.model.knobs import EACH_CPU, cpus_of
from tailtune.model.project import Variant
from tailtune.model.recording import Manifest

_NAMING: Final = ("pinning", "affinity")
"""Knobs whose levels are CPUs. The former counts before the latter: it places threads once the service is ready."""


def granted_cpus(manifest: Manifest, variant: Variant) -> list[int]:
    """Return the CPUs that a variant of a recording may use while it is measured, ascending; empty: not known."""
    levels = [variant.knobs[knob] for knob in _NAMING if knob in variant.knobs]
    named = next((level for level in levels if level != EACH_CPU), "")
    if named:
        return sorted(cpus_of(named))
    return manifest.layout.service if manifest.layout else manifest.environment.allowed_cpus
