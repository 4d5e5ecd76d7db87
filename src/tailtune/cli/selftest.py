"""`tailtune selftest`: proves the tool on this machine."""

from typing import Annotated

from cyclopts import App, Parameter

from tailtune.cli.exits import exit_of_selftest
from tailtune.cli.options import AS_TEXT, Output
from tailtune.cli.progress import showing
from tailtune.cli.terminal import emit

selftest = App(name="selftest", help="Prove the tool on this machine.", help_epilogue="", sort_key=10)


@selftest.command(name="load")
def load(
    *, quick: Annotated[bool, Parameter(negative="", show_default=False)] = False, output: Output = AS_TEXT
) -> int:
    """Load servers of which the result is known, and compare what the load engine reports with it.

    A frozen server, one that does nothing, queues whose waiting times theory knows, a capped pool, and a generator
    that is starved on purpose, which must be called INVALID. Takes under three minutes. Exits 103 if the engine
    reported what is not true, 3 if the machine was too disturbed to show it.

    Parameters
    ----------
    quick
        Under 40 seconds; too few requests for a p99.
    """
    from tailtune.lab.selftest_load import selftest_load
    from tailtune.show.text.selftest import load_selftest

    with showing(output) as progress:
        result = selftest_load(quick=quick, progress=progress)
    emit(result, load_selftest, output)
    return exit_of_selftest(result)
