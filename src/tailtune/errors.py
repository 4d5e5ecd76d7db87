"""The error tree: each error has a code, an exit code, a message that names the file or process, and a hint.

TailtuneError
├── UsageError                 2    unknown names, impossible values
│   └── ConfigError            2    tailtune.toml: file, key and what is accepted
├── NothingMeasuredError       4    no request completed
├── SetupError                96    the machine or the disk does not permit it
│   ├── RecordingError        96    a recording cannot be read or written
│   └── NativeError           96    the native core refused
├── BuildError               101
├── NotReadyError            102    dies at start, never ready, port taken
├── ServiceDiedError         102    dies in the middle
├── LoadInvalidError         103    the load may not be used
└── RunInterruptedError      130    Ctrl-C; what was recorded is kept
"""

from typing import ClassVar, Final

EXIT_OK: Final = 0
EXIT_INCONCLUSIVE: Final = 3
EXIT_REGRESSION: Final = 100
EXIT_CONDITION: Final = 104
"""A condition of `--fail-if` failed."""


class TailtuneError(Exception):
    """Base of all errors that are the user's to read, not ours to debug."""

    code: ClassVar[str] = "error"
    exit_code: ClassVar[int] = 1

    def __init__(self, message: str, *, hint: str = "", detail: str = "") -> None:
        """Keep the message, what to do next, and longer output such as the service's stderr."""
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.detail = detail


class UsageError(TailtuneError):
    """The command asks for something that does not exist or cannot be."""

    code = "usage"
    exit_code = 2


class ConfigError(UsageError):
    """`tailtune.toml` is missing, unreadable, or holds an impossible value."""

    code = "config"


class NothingMeasuredError(TailtuneError):
    """No request completed, so there is nothing to judge."""

    code = "nothing-measured"
    exit_code = 4


class SetupError(TailtuneError):
    """The machine does not permit what was asked."""

    code = "setup"
    exit_code = 96


class RecordingError(SetupError):
    """A recording cannot be written or read."""

    code = "recording"


class NativeError(SetupError):
    """The native core refused; the message names the file or call."""

    code = "native"


class BuildError(TailtuneError):
    """The service does not build."""

    code = "build-failed"
    exit_code = 101


class NotReadyError(TailtuneError):
    """The service did not become ready."""

    code = "not-ready"
    exit_code = 102


class ServiceDiedError(TailtuneError):
    """The service ended while it was being measured."""

    code = "service-died"
    exit_code = 102


class LoadInvalidError(TailtuneError):
    """The load generator did not keep its schedule, so its numbers may not be used."""

    code = "load-invalid"
    exit_code = 103


class RunInterruptedError(TailtuneError):
    """The user interrupted the command; what was recorded is kept."""

    code = "interrupted"
    exit_code = 130
