"""`tailtune knobs`."""

from tailtune.cli.options import AS_TEXT, ConfigOption, Output, find_root
from tailtune.cli.progress import showing
from tailtune.cli.terminal import emit


def knobs(name: str | None = None, /, *, config: ConfigOption = None, output: Output = AS_TEXT) -> None:
    """List the settings that can be turned: levels, what each takes, how it is undone, whether it can act here.

    Parameters
    ----------
    name
        Only this one.
    """
    from tailtune.lab.knobs import knobs as look
    from tailtune.show.text.knobs import knob_list

    with showing(output):
        found = look(find_root(config), config, name)
    emit(found, knob_list, output)
