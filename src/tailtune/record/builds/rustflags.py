"""Arguments of rustc added to those in force, by environment or by arguments of cargo; nothing is written."""

import json
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

_SEPARATOR: Final = "\x1f"


def add(flags: Sequence[str], env: dict[str, str], workdir: Path) -> list[str]:
    """Add flags to those that cargo would use in `workdir`; return the arguments of cargo that this takes.

    Cargo reads flags from one source only, the first of CARGO_ENCODED_RUSTFLAGS, RUSTFLAGS,
    `target.*.rustflags`, `build.rustflags` (The Cargo Book, build.rustflags). Adding to a later one
    would be ignored, setting an earlier one would drop the user's flags.
    """
    if env.get("CARGO_ENCODED_RUSTFLAGS"):
        env["CARGO_ENCODED_RUSTFLAGS"] = _SEPARATOR.join([env["CARGO_ENCODED_RUSTFLAGS"], *flags])
        return []
    if env.get("RUSTFLAGS"):
        if any(" " in flag for flag in flags):  # RUSTFLAGS knows no quotes
            env["CARGO_ENCODED_RUSTFLAGS"] = _SEPARATOR.join([*env.pop("RUSTFLAGS").split(), *flags])
        else:
            env["RUSTFLAGS"] = " ".join([env["RUSTFLAGS"], *flags])
        return []
    by_target = any(_has_target_flags(config) for _, config in configurations(env, workdir))
    key = "target.'cfg(all())'.rustflags" if by_target else "build.rustflags"
    # A JSON array of text is one of TOML.
    return ["--config", f"{key}={json.dumps(list(flags), ensure_ascii=False, separators=(',', ':'))}"]


def configurations(env: Mapping[str, str], workdir: Path) -> Iterator[tuple[Path, dict[str, Any]]]:
    """Read the configuration files that cargo finds from a folder upwards and in its home."""
    home = Path(env.get("CARGO_HOME") or Path.home() / ".cargo")
    folders = [*(folder / ".cargo" for folder in (workdir.resolve(), *workdir.resolve().parents)), home]
    for folder in dict.fromkeys(folders):
        for path in (folder / "config", folder / "config.toml"):
            try:
                yield path, tomllib.loads(path.read_text(encoding="utf-8"))
            except (OSError, tomllib.TOMLDecodeError):  # cargo itself says what is wrong with a file
                continue


def _has_target_flags(config: Mapping[str, Any]) -> bool:
    targets = config.get("target")
    return isinstance(targets, dict) and any("rustflags" in one for one in targets.values() if isinstance(one, dict))
