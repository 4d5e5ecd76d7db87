"""Options that several commands share, and how their text becomes values."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Final

from cyclopts import Group, Parameter, Token

from tailtune.model.units import Duration

_TALK: Final = Group("Output", sort_key=100)


@Parameter(name="*")
@dataclass(frozen=True, kw_only=True)
class Output:
    """How a command talks; every command takes these."""

    json: Annotated[bool, Parameter(negative="", group=_TALK, show_default=False)] = False
    """Print the result as JSON on stdout; `tailtune schema` prints its schema."""
    quiet: Annotated[bool, Parameter(name=["--quiet", "-q"], negative="", group=_TALK, show_default=False)] = False
    """No progress on stderr; warnings and errors stay."""
    debug: Annotated[bool, Parameter(negative="", group=_TALK, show_default=False)] = False
    """Show the traceback of an unexpected error; so does TAILTUNE_DEBUG=1."""


AS_TEXT: Final = Output()


def read_duration(_kind: object, tokens: Sequence[Token]) -> Duration:
    """Convert the text of an option into a duration.

    Raises:
        ValueError: if it is none; Cyclopts turns it into a usage error that names the option.
    """
    duration = Duration.parse(tokens[0].value)
    if duration <= 0:
        raise ValueError(f"{tokens[0].value!r} is not a duration above zero")
    return duration


def positive(_kind: object, value: float | None) -> None:
    """Refuse numbers that are not above zero.

    Raises:
        ValueError: Cyclopts turns it into a usage error that names the option.
    """
    if value is not None and not value > 0:
        raise ValueError("must be above 0")


DurationOption = Annotated[Duration, Parameter(converter=read_duration, n_tokens=1)]
"""A duration with its unit."""
Positive: Final[Any] = Parameter(validator=positive)
FailIf = Annotated[list[str] | None, Parameter(name="--fail-if", negative="")]
"""Conditions on the load."""
Charts = Annotated[bool | None, Parameter(name="--charts", negative="--no-charts", show_default=False)]
"""Whether charts are drawn; None: where there is room."""
ConfigOption = Annotated[Path | None, Parameter(name=["--config", "-c"])]
"""Path of the configuration file."""


@Parameter(name="*")
@dataclass(frozen=True, kw_only=True)
class Selection:
    """What of the configuration is used, and what of it is overruled."""

    workload: Annotated[str | None, Parameter(name=["--workload", "-w"])] = None
    """Name of the workload; needed when there are several and none is called `default`."""
    rate: Annotated[float | None, Positive] = None
    """Requests per second, in place of the workload's."""
    seed: int | None = None
    """Seed of the schedule and of all else that is random, in place of the workload's."""
    config: ConfigOption = None
    """Configuration file; found upwards from here by default."""


AS_CONFIGURED: Final = Selection()


def find_config(given: Path | None) -> Path:
    """Return the configuration file: as given, by TAILTUNE_CONFIG, or found upwards from here.

    Raises:
        ConfigError: if there is none.
    """
    from tailtune import config

    named = given or os.environ.get("TAILTUNE_CONFIG")
    return Path(named) if named else config.find(Path.cwd())


def find_root(given: Path | None) -> Path:
    """Return the directory that holds `.tailtune`: beside the configuration file, or here without one."""
    from tailtune.errors import ConfigError

    try:
        return find_config(given).resolve().parent
    except ConfigError:
        if given is not None:
            raise
        return Path.cwd()
