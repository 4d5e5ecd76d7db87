"""`tailtune report`."""

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from tailtune.cli.options import AS_TEXT, ConfigOption, Output, find_root
from tailtune.cli.terminal import emit, rendered, say


def report(
    run: str = "latest",
    /,
    *,
    markdown: Annotated[bool, Parameter(negative="")] = True,
    file: Annotated[Path | None, Parameter(name=["--file", "-o"])] = None,
    config: ConfigOption = None,
    output: Output = AS_TEXT,
) -> None:
    """Write one recording down so that anyone can repeat it: question, method, environment, result, checks.

    Parameters
    ----------
    run
        Identifier of a run or an experiment, or enough of its beginning; `latest` is the last one.
    markdown
        Write Markdown; the only form so far.
    file
        Write to this file in place of stdout.
    config
        Configuration file; found upwards from here by default.
    """
    from tailtune.lab.report import report as gather
    from tailtune.show.markdown.report import report as to_markdown

    del markdown  # the only form there is
    facts = gather(find_root(config), run)
    if file is None:
        emit(facts, to_markdown, output)
    else:
        _write(file, rendered(facts, to_markdown, output))
        say(f"wrote {file}")


def _write(file: Path, text: str) -> None:
    from tailtune.errors import SetupError

    try:
        file.write_text(text, encoding="utf-8")
    except OSError as error:
        raise SetupError(f"{file}: the report cannot be written: {error.strerror}") from error
