"""The bare `tailtune`: what is here, and which three commands come next."""

from pathlib import Path

from tailtune import config
from tailtune.errors import ConfigError
from tailtune.model.detected import Detected, Overview, Suggestion
from tailtune.record.detection.detect import detect as look


def detect(root: Path) -> Overview:
    """Look at the repository in `root`; changes nothing and never fails over what it finds."""
    detected = look(root)
    if detected.config:
        return Overview(detected=detected, next=_with_config(Path(detected.config)))
    return Overview(detected=detected, next=_without_config(detected))


def _with_config(path: Path) -> list[Suggestion]:
    try:
        project = config.load(path)
    except ConfigError as error:
        return [
            Suggestion(command=f"$EDITOR {path}", reason=error.message),
            Suggestion(command="tailtune init --force", reason="or let it be written anew"),
            Suggestion(command="tailtune doctor", reason="see what can be measured on this machine"),
        ]
    if project.variants:
        name, variant = next(iter(project.variants.items()))
        first, second = (name, "base") if variant.git_ref else ("base", name)
        last = Suggestion(
            command=f"tailtune compare {first} {second}", reason=f"prove, against noise, whether {second} is better"
        )
    else:
        last = Suggestion(command="tailtune doctor", reason="see what can be measured on this machine")
    return [
        Suggestion(command="tailtune run", reason="build, start, load and measure the service once"),
        Suggestion(command="tailtune explain", reason="see where the tail of the last run goes"),
        last,
    ]


def _without_config(detected: Detected) -> list[Suggestion]:
    doctor = Suggestion(command="tailtune doctor", reason="see what can be measured on this machine, and its noise")
    if detected.configs:
        first = detected.configs[0]
        return [
            Suggestion(command=f"tailtune run --config {first}", reason="measure the service configured there once"),
            Suggestion(command=f"tailtune explain --config {first}", reason="see where the tail of that run goes"),
            doctor,
        ]
    if any(module.programs for module in detected.modules):
        return [
            doctor,
            Suggestion(command="tailtune init", reason="write a short tailtune.toml for the service found"),
            Suggestion(command="tailtune run", reason="build, start, load and measure it"),
        ]
    return [
        doctor,
        Suggestion(
            command="tailtune init -- ./server --port '{port}'", reason="no Go or Rust program is here: name a command"
        ),
        Suggestion(command="tailtune load http://127.0.0.1:8080/", reason="or load a service that already runs"),
    ]
