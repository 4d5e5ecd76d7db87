"""Are the settings of a variant possible?"""

import re
from collections.abc import Iterator, Mapping
from typing import Final

from tailtune.config.languages import foreign_settings
from tailtune.config.lookup import BASE
from tailtune.config.problem import Problem, join, listed
from tailtune.config.values import environment, within
from tailtune.errors import UsageError
from tailtune.model.instrument import Instrument
from tailtune.model.pprof_address import PPROF_PORT
from tailtune.model.project import Language, Service, Variant

_PORT: Final = "{port}"
_PATH: Final = "variant"
_MOST_BYTES: Final = 1 << 40
_MOST_SEED: Final = 2**32 - 1
_TRUTH: Final = re.compile("true|false")
_PROFILE: Final[Mapping[str, tuple[re.Pattern[str], str]]] = {
    "opt-level": (re.compile("[0123sz]"), '"0", "1", "2", "3", "s" or "z"'),
    "lto": (re.compile("off|thin|fat|true|false"), '"off", "thin", "fat", "true" or "false"'),
    "codegen-units": (re.compile("[1-9][0-9]{0,4}"), 'a number in quotes, such as "1"'),
    "panic": (re.compile("unwind|abort"), '"unwind" or "abort"'),
    "overflow-checks": (_TRUTH, '"true" or "false"'),
    "debug-assertions": (_TRUTH, '"true" or "false"'),
    "incremental": (_TRUTH, '"true" or "false"'),
}
"""Settings of a Cargo profile that change the code, with what each accepts (The Cargo Book, Profiles)."""
_OF_A_BUILD: Final = (
    "tags", "features", "default_features", "build_env", "build_flags", "git_ref", "patch", "rustflags", "target_cpu",
    "cargo_profile", "goamd64", "pgo", "layout_seed",
)  # fmt: skip


def variant(path: str, variant: Variant, service: Service) -> Iterator[Problem]:
    """Yield every impossible setting of a variant."""
    if path == join("variants", BASE):
        yield Problem(
            key=path,
            found=f"`{BASE}` is the service as it is and cannot be changed",
            accepted="any other name",
            hint="put what all variants share into [service]",
        )
    yield from environment(f"{path}.env", variant.env)
    yield from environment(f"{path}.build_env", variant.build_env)
    yield from _build(path, variant, service)
    if variant.instrument is not None:
        yield from _instrument(f"{path}.instrument", variant.instrument)
    if variant.args is not None and not hears_port(variant.args, service, variant.env):
        yield Problem(
            key=f"{path}.args",
            found="replaces the service's arguments but does not hold {port}",
            accepted="arguments with {port}, or {port} in `env`, or a fixed `service.port`",
        )
    if (
        variant.args is not None
        and PPROF_PORT in service.pprof
        and not is_told(PPROF_PORT, variant.args, service, variant.env)
    ):
        yield Problem(
            key=f"{path}.args",
            found=f"replaces the service's arguments but does not hold {PPROF_PORT}",
            accepted=f"arguments with {PPROF_PORT}, or {PPROF_PORT} in `env`",
        )


def check_variant(word: str, given: Variant, service: Service) -> None:
    """Refuse a variant that no configuration file could hold.

    Args:
        word: what it was asked for by, for the message.
        given: the variant.
        service: what it is one of.

    Raises:
        UsageError: naming the first setting that is impossible, with the others as detail.
    """
    usual = Variant()
    changed = {key: True for key in Variant.__struct_fields__ if getattr(given, key) != getattr(usual, key)}
    found = [*foreign_settings(service.language, _PATH, changed), *variant(_PATH, given, service)]
    if found:
        first, *others = found
        hint = first.hint or f"correct `{first.key.removeprefix(f'{_PATH}.')}`"
        raise UsageError(f"`{word}`: {first}", hint=hint, detail="\n".join(map(str, others)))


def _build(path: str, variant: Variant, service: Service) -> Iterator[Problem]:
    usual = Variant()
    if variant.binary and (idle := [key for key in _OF_A_BUILD if getattr(variant, key) != getattr(usual, key)]):
        yield Problem(
            key=join(path, idle[0]),
            found="means nothing beside `binary`, for nothing is built",
            accepted=f"`binary` without {listed(idle)}",
        )
    for key, value in variant.cargo_profile.items():
        yield from _profile_setting(f"{path}.cargo_profile", key, value)
    if variant.goamd64 not in ("", "v1", "v2", "v3", "v4"):
        yield Problem(key=f"{path}.goamd64", found=f'is "{variant.goamd64}"', accepted='"v1", "v2", "v3" or "v4"')
    if re.search(r"[\s\0]", variant.target_cpu):
        yield Problem(key=f"{path}.target_cpu", found="holds a space", accepted='one name, such as "native"')
    for position, flag in enumerate(variant.rustflags):
        if not flag or re.search(r"[\0\x1f]", flag):
            accepted = 'one argument of rustc in each place, such as ["-C", "inline-threshold=300"]'
            yield Problem(key=f"{path}.rustflags[{position}]", found="is no argument", accepted=accepted)
    if variant.pgo == "off" and service.language is Language.RUST:
        yield Problem(
            key=f"{path}.pgo", found='is "off", as it is without', accepted='"train" or the path of a profile'
        )
    if variant.layout_seed is not None:
        yield from within(f"{path}.layout_seed", variant.layout_seed, 1, _MOST_SEED)


def _profile_setting(path: str, key: str, value: str) -> Iterator[Problem]:
    if key not in _PROFILE:
        yield Problem(key=join(path, key), found="is no setting that changes the code", accepted=listed(_PROFILE))
        return
    pattern, accepted = _PROFILE[key]
    if not pattern.fullmatch(value):
        yield Problem(key=join(path, key), found=f'is "{value}"', accepted=accepted)


def _instrument(path: str, asked: Instrument) -> Iterator[Problem]:
    if asked.mutex < 0:
        yield Problem(key=f"{path}.mutex", found=f"is {asked.mutex}", accepted="a number from 0 on; 0: none")
    for key, least in (("sample_bytes", 1), ("dump_bytes", 1 << 20)):
        value: int = getattr(asked, key)
        if value < least or value.bit_count() != 1 or value > _MOST_BYTES:
            accepted = f"a power of two from {least} to {_MOST_BYTES}"
            yield Problem(key=f"{path}.{key}", found=f"is {value}", accepted=accepted)


def hears_port(args: list[str], service: Service, env: Mapping[str, str] | None = None) -> bool:
    """Whether a service with these arguments is told its port."""
    return service.port != 0 or is_told(_PORT, args, service, env)


def is_told(placeholder: str, args: list[str], service: Service, env: Mapping[str, str] | None = None) -> bool:
    """Whether a placeholder stands in these arguments or in the environment."""
    return any(placeholder in text for text in [*args, *service.env.values(), *(env or {}).values()])
