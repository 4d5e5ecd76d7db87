"""`tailtune explain`."""

from functools import partial
from typing import Annotated

from cyclopts import Parameter

from tailtune.cli.options import AS_TEXT, ConfigOption, Output, find_root
from tailtune.cli.terminal import emit


def explain(
    run: str = "latest",
    /,
    *,
    full: Annotated[bool, Parameter(negative="")] = False,
    config: ConfigOption = None,
    output: Output = AS_TEXT,
) -> None:
    """Say where the tail goes: ranked findings, each with its evidence and the experiment that would prove it.

    Parameters
    ----------
    run
        Identifier of a recording, or enough of its beginning; `latest` is the last run.
    full
        All findings with all their evidence; by default the answer keeps to one page.
    config
        Configuration file; found upwards from here by default.
    """
    from tailtune.lab.explain import explain as find_causes
    from tailtune.show.text.explain import explanation

    result = find_causes(find_root(config), run)
    emit(result, partial(explanation, full=full), output)
