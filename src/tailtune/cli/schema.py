"""`tailtune schema`."""

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from tailtune.cli.options import AS_TEXT, Output
from tailtune.cli.terminal import emit, say, write


def schema(
    command: str | None = None,
    /,
    *,
    directory: Annotated[Path | None, Parameter(name="--write")] = None,
    output: Output = AS_TEXT,
) -> None:
    """Print the JSON schema of what a command prints with --json.

    Parameters
    ----------
    command
        Name of the command, `config` for `tailtune.toml`, `error` for a failed command. Without it: the names.
    directory
        Write all schemas into this directory, one file each.
    """
    from tailtune.show.export.schemas import schema_list, schema_text, write_all

    if directory is not None:
        for path in write_all(directory):
            say(f"wrote {path}")
    elif command is not None:
        write(schema_text(command))
    else:
        emit(schema_list(), lambda result: "\n".join(result.schemas), output)
