"""The fingerprint of where numbers were taken: two results compare only if it is equal or said to differ."""

import msgspec


class Environment(msgspec.Struct, frozen=True, kw_only=True):
    """Host, kernel, toolchain and the settings that move latency."""

    hostname: str
    os: str
    kernel: str
    cpu_model: str
    logical_cpus: int
    allowed_cpus: list[int]
    memory_bytes: int
    cgroup_version: int
    """1 or 2; 0 where there is none."""
    cpu_quota: float | None
    """Cores the cgroup grants; absent without a quota."""
    governor: str | None
    turbo: bool | None
    smt: bool | None
    transparent_hugepages: str | None
    aslr: int | None
    virtual_machine: bool
    clock_source: str | None
    python: str
    tailtune: str
    toolchains: dict[str, str] = {}
    """Name (`go`, `rustc`, `cargo`) → version text."""
