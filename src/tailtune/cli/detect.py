"""`tailtune` without a command: what is here, and what to do next."""

from pathlib import Path

from tailtune.cli.options import AS_TEXT, Output
from tailtune.cli.terminal import emit


def detect(*, output: Output = AS_TEXT) -> None:
    """Look at the repository and say what was found and which commands come next. Changes nothing."""
    from tailtune.lab.detect import detect as find
    from tailtune.show.text.detect import detection

    emit(find(Path.cwd()), detection, output)
