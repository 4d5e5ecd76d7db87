"""`tailtune init`."""

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from tailtune.cli.options import AS_TEXT, Output
from tailtune.cli.terminal import emit


def init(
    *command: str,
    service: str = "",
    force: Annotated[bool, Parameter(negative="", show_default=False)] = False,
    output: Output = AS_TEXT,
) -> None:
    """Write a short `tailtune.toml` for the service found here: Go module, Cargo workspace or plain command.

    Asks nothing; says what it guessed.

    Parameters
    ----------
    command
        After `--`: executable and arguments of a service that is already built, with `{port}` for its port.
    service
        Name of the program meant, where several were found.
    force
        Replace a `tailtune.toml` that is there.
    """
    from tailtune.lab.init import init as write
    from tailtune.show.text.detect import initialized

    emit(write(Path.cwd(), force=force, service=service, command=command), initialized, output)
