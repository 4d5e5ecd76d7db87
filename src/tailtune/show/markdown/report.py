"""One recording written down: question, method, environment, result, what was checked, how to repeat it."""

from tailtune.model.environment import Environment
from tailtune.model.recording import Artifact, Kind, Manifest
from tailtune.model.results import RecordingFacts
from tailtune.model.units import format_bytes
from tailtune.show.markdown import experiment, run
from tailtune.show.markdown.blocks import bullets, code, document, escaped, section, shell, table
from tailtune.show.values import NOT_AVAILABLE, plural


def report(facts: RecordingFacts) -> str:
    """Return the whole report of a run, a load or an experiment as Markdown."""
    manifest = facts.manifest
    part = experiment if manifest.kind is Kind.EXPERIMENT else run
    return document(
        f"# {part.title(manifest)}",
        f"**{escaped(part.headline(facts))}**",
        section("Question", part.question(manifest)),
        section("Method", bullets(part.method(manifest))),
        section("Environment", _environment(manifest.environment), _artifacts(manifest.artifacts)),
        section("Result", *part.result(facts)),
        section("What was checked", bullets(part.checks(facts))),
        section("Warnings", bullets([escaped(text) for text in _warnings(facts)])),
        section("Repeat", *_repeat(manifest)),
    )


def _environment(host: Environment) -> str:
    settings = {
        "governor": host.governor,
        "turbo": host.turbo,
        "SMT": host.smt,
        "transparent huge pages": host.transparent_hugepages,
        "address-space randomization": host.aslr,
        "clock": host.clock_source,
    }
    tools = {"tailtune": host.tailtune, **host.toolchains}
    quota = f", quota {host.cpu_quota:g}" if host.cpu_quota is not None else ""
    rows = [
        ["Machine", escaped(f"{host.cpu_model}{' (virtual machine)' if host.virtual_machine else ''}")],
        ["CPUs", f"{host.logical_cpus}, allowed {len(host.allowed_cpus)}{quota}"],
        ["Memory", format_bytes(host.memory_bytes)],
        ["System", escaped(f"{host.os}, Linux {host.kernel}, cgroup v{host.cgroup_version}")],
        ["Settings", escaped("; ".join(f"{name} {_setting(value)}" for name, value in settings.items()))],
        ["Tools", escaped(", ".join(f"{name} {version}" for name, version in tools.items()))],
    ]
    return table(["", ""], rows)


def _setting(value: object) -> str:
    if value is None:
        return "not visible"
    return {True: "on", False: "off"}[value] if isinstance(value, bool) else str(value)


def _artifacts(artifacts: list[Artifact]) -> str:
    rows = [
        [
            code(one.variant),
            code(one.sha256[:16]),
            code(one.build_id) if one.build_id else NOT_AVAILABLE,
            format_bytes(one.size_bytes),
            code(" ".join(one.build_command)) if one.build_command else "prebuilt",
        ]
        for one in artifacts
    ]
    return table(["variant", "SHA-256 (first 16)", "build ID", "size", "built by"], rows)


def _warnings(facts: RecordingFacts) -> list[str]:
    summary = facts.summary.warnings if facts.summary else []
    load = facts.manifest.load.warnings if facts.manifest.load else []
    comparison = facts.comparison.warnings if facts.comparison else []
    return list(dict.fromkeys([*facts.manifest.warnings, *load, *summary, *comparison, *facts.warnings]))


def _repeat(manifest: Manifest) -> list[str]:
    seed = f"Seed {manifest.seed}"
    schedule = f"; schedule SHA-256 {code(manifest.schedule_sha256)}" if manifest.schedule_sha256 else ""
    recorded = f"; recording {code(manifest.id)} of {escaped(manifest.created_utc)}"
    phases = f" ({plural(len(manifest.phases), 'phase')} recorded)" if manifest.partial else ""
    return [shell(["tailtune", *manifest.command[1:]]), f"{seed}{schedule}{recorded}{phases}."]
