"""`tailtune experiments`."""

from tailtune.cli.options import AS_TEXT, ConfigOption, Output, find_root
from tailtune.cli.terminal import emit


def experiments(*, config: ConfigOption = None, output: Output = AS_TEXT) -> None:
    """List the experiments of this project: hypothesis, expectation, verdict; newest first.

    Parameters
    ----------
    config
        Configuration file; found upwards from here by default.
    """
    from tailtune.lab.experiments import experiments as find_all
    from tailtune.show.text.experiments import experiment_list

    emit(find_all(find_root(config)), experiment_list, output)
