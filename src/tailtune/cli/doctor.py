"""`tailtune doctor`."""

from tailtune.cli.options import AS_TEXT, ConfigOption, Output, find_root
from tailtune.cli.progress import showing
from tailtune.cli.terminal import emit


def doctor(*, config: ConfigOption = None, output: Output = AS_TEXT) -> None:
    """Say what can be measured here and how noisy this machine is: tried and measured, not guessed."""
    from tailtune.lab.doctor import doctor as examine
    from tailtune.show.text.doctor import examination

    with showing(output) as progress:
        progress.phase("doctor", "trying what is permitted, measuring timers (about 5 s)")
        found = examine(find_root(config))
    emit(found, examination, output)
