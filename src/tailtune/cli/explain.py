"""`tailtune explain`."""

from functools import partial
from typing import Annotated

from cyclopts import Parameter

from tailtune.cli.options import AS_TEXT, ConfigOption, Output, find_root
from tailtune.cli.terminal import emit_drawn


def explain(
    run: str = "latest",
    /,
    *,
    full: Annotated[bool, Parameter(negative="")] = False,
    band: str | None = None,
    request: str | None = None,
    finding: str | None = None,
    config: ConfigOption = None,
    output: Output = AS_TEXT,
) -> None:
    """Say where the tail goes: ranked findings, each with its evidence and the experiment that would prove it.

    Parameters
    ----------
    run
        Identifier of a recording, or enough of its beginning; `latest` is the last run.
    full
        All findings with all their evidence, and all parts of requests; by default the answer keeps to one page.
    band
        Percentiles whose requests to look at: `p99.9` for all above it, `p90-p99` for those between.
    request
        Handle of a request, such as r1204: what it did and waited for, step by step.
    finding
        Id of a finding, such as thread-lock:cart::price, or its number, such as f1: all its evidence, with stacks and
        requests to look at.
    config
        Configuration file; found upwards from here by default.
    """
    from tailtune.lab.explain import explain as find_causes
    from tailtune.show.text.explain import explanation

    result = find_causes(find_root(config), run, band=band or "", request=request or "", finding=finding or "")
    emit_drawn(result, partial(explanation, full=full, band=bool(band)), output)
