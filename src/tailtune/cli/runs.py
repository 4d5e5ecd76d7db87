"""`tailtune runs`: what has been recorded here."""

from cyclopts import App

from tailtune.cli.options import AS_TEXT, Charts, ConfigOption, Output, find_root
from tailtune.cli.terminal import emit, emit_fitting

runs = App(
    name="runs", help="List, show or remove recordings; without a command, list them.", help_epilogue="", sort_key=9
)


@runs.default
@runs.command(name="list")
def list_runs(*, config: ConfigOption = None, output: Output = AS_TEXT) -> None:
    """List the recordings of this project, newest first.

    Parameters
    ----------
    config
        Configuration file; found upwards from here by default.
    """
    from tailtune.lab.runs import list_runs as find_all
    from tailtune.show.text.runs import run_list

    emit(find_all(find_root(config)), run_list, output)


@runs.command(name="show")
def show_run(
    run: str = "latest", /, *, charts: Charts = None, config: ConfigOption = None, output: Output = AS_TEXT
) -> None:
    """Show one recording as it was shown when it was made.

    Parameters
    ----------
    run
        Identifier of a recording, or enough of its beginning; `latest` is the last one.
    charts
        Draw the percentile curve and latency over time; by default where the terminal is high enough.
    config
        Configuration file; found upwards from here by default.
    """
    from tailtune.lab.runs import show_run as find_one
    from tailtune.show.text.runs import one_run

    emit_fitting(find_one(find_root(config), run), lambda one, drawn: one_run(one, charts=drawn), output, charts)


@runs.command(name="remove")
def remove_run(run: str, /, *, config: ConfigOption = None, output: Output = AS_TEXT) -> None:
    """Remove one recording for good.

    Parameters
    ----------
    run
        Identifier of a recording, or enough of its beginning to name only it.
    config
        Configuration file; found upwards from here by default.
    """
    from tailtune.lab.runs import remove_run as remove
    from tailtune.show.text.runs import removal

    emit(remove(find_root(config), run), removal, output)
