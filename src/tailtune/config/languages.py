"""Which keys mean something for which language; the others are refused rather than ignored."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from tailtune.config.problem import Problem, join
from tailtune.model.project import Language

_GO: Final = frozenset({Language.GO})
_RUST: Final = frozenset({Language.RUST})
_BUILT: Final = _GO | _RUST

_SERVICE_KEYS: Final[dict[str, frozenset[Language]]] = {
    "package": _BUILT,
    "binary": _RUST | {Language.COMMAND},
    "pprof": _GO | {Language.COMMAND},
}
_VARIANT_KEYS: Final[dict[str, frozenset[Language]]] = {
    "tags": _GO,
    "features": _RUST,
    "default_features": _RUST,
    "build_env": _BUILT,
    "build_flags": _BUILT,
    "git_ref": _BUILT,
    "patch": _BUILT,
    "rustflags": _RUST,
    "target_cpu": _RUST,
    "cargo_profile": _RUST,
    "goamd64": _GO,
    "pgo": _BUILT,
    "layout_seed": _BUILT,
}
_GATE_KEYS: Final[dict[str, frozenset[Language]]] = {"race": _GO, "race_duration": _GO}
_INSTEAD: Final[dict[tuple[str, Language], str]] = {
    ("tags", Language.RUST): "Cargo has `features` for that",
    ("features", Language.GO): "Go has build `tags` for that",
    ("binary", Language.GO): "name the main package in `package`",
    ("goamd64", Language.RUST): "rustc has `target_cpu` for that",
    ("target_cpu", Language.GO): "Go has `goamd64` for that",
    ("rustflags", Language.GO): "Go takes arguments in `build_flags`",
    ("package", Language.COMMAND): "give the path of the executable in `binary`",
}


def foreign_keys(language: Language, raw: Mapping[str, Any]) -> Iterator[Problem]:
    """Yield the keys of the file that another language owns.

    Reads the parsed file, not the model: there, a key that was not written looks like its default.
    """
    yield from _foreign(language, "service", raw["service"], _SERVICE_KEYS)
    yield from _foreign(language, "gates", raw.get("gates", {}), _GATE_KEYS)
    for name, settings in raw.get("variants", {}).items():
        yield from _foreign(language, join("variants", name), settings, _VARIANT_KEYS)


def foreign_settings(language: Language, path: str, keys: Mapping[str, Any]) -> Iterator[Problem]:
    """Yield the keys of one variant that another language owns."""
    yield from _foreign(language, path, keys, _VARIANT_KEYS)


def _foreign(
    language: Language, path: str, table: Mapping[str, Any], owners: Mapping[str, frozenset[Language]]
) -> Iterator[Problem]:
    for key in table:
        if key in owners and language not in owners[key]:
            languages = " or ".join(f'"{owner}"' for owner in sorted(owners[key]))
            yield Problem(
                key=join(path, key),
                found=f'means nothing to a service whose language is "{language}"',
                accepted=f"only with language {languages}",
                hint=_INSTEAD.get((key, language), f"remove `{key}`"),
            )
