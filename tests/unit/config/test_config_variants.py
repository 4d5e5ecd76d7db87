"""What a variant may say about its build."""

from pathlib import Path

import pytest

from tailtune import config
from tailtune.errors import ConfigError

RUST = """
[service]
language = "rust"
args = ["{port}"]

[[workloads.default.operations]]
name = "get"

[variants.odd]
"""
MISTAKES = [
    ('cargo_profile = { lto = "much" }', "cargo_profile.lto", '"thin"'),
    ('cargo_profile = { opt-level = "4" }', "cargo_profile.opt-level", '"s" or "z"'),
    ('cargo_profile = { codegen-units = "0" }', "cargo_profile.codegen-units", 'such as "1"'),
    ('cargo_profile = { strip = "true" }', "cargo_profile.strip", "`panic`"),
    ('target_cpu = "native cpu"', "target_cpu", '"native"'),
    ('rustflags = ["-C", ""]', "rustflags[1]", "one argument"),
    ('pgo = "off"', "pgo", '"train"'),
    ("layout_seed = 4294967296", "layout_seed", "4294967295"),
    ('binary = "old"\nrustflags = ["-g"]\npgo = "train"', "rustflags", "`rustflags`, `pgo`"),
    ('goamd64 = "v3"', "goamd64", "`target_cpu`"),
]


@pytest.mark.parametrize(("line", "key", "told"), MISTAKES, ids=[line for line, _, _ in MISTAKES])
def test_each_mistake_names_its_key_and_what_is_accepted(line: str, key: str, told: str) -> None:
    with pytest.raises(ConfigError) as caught:
        config.parse(RUST + line + "\n", Path("tailtune.toml"))
    assert f"variants.odd.{key}: " in caught.value.message
    assert told in caught.value.message + caught.value.hint


def test_everything_at_once() -> None:
    text = (
        'git_ref = "main"\npatch = "a.diff"\nrustflags = ["-C", "inline-threshold=300"]\ntarget_cpu = "native"\n'
        'cargo_profile = { opt-level = "3", lto = "fat", codegen-units = "1", panic = "abort" }\n'
        'pgo = "train"\nlayout_seed = 7\n'
    )
    variant = config.variant(config.parse(RUST + text, Path("tailtune.toml")), "odd")
    assert variant.cargo_profile["codegen-units"] == "1"
    assert variant.layout_seed == 7
