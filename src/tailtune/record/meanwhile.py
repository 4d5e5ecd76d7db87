"""What a Go service is asked for while the load runs: a thread waits for the answer, which may last as long."""

import threading
import time
from collections.abc import Callable
from typing import Final

from tailtune.errors import NativeError
from tailtune.record.endpoint import Source
from tailtune.record.ports import Subject

_JOIN_SECONDS: Final = 10.0
_CUT_SHORT_SECONDS: Final = 0.5
"""Patience with the answer of a window that was cut short: the user waits for the end."""


def may_answer(subject: Subject) -> bool:
    """Whether this is a Go program that may hand out profiles; a prebuilt one is known by its build ID."""
    may_have = bool(subject.pprof) and (subject.language == "go" or "/" in subject.artifact.build_id)
    return may_have or bool(subject.pprof_socket)


def source_of(subject: Subject) -> Source:
    """Return where the service hands out profiles: at the overlay's socket, else where its configuration says."""
    if subject.pprof_socket:
        return Source(socket=subject.pprof_socket)
    return Source(port=subject.pprof_port or subject.port, prefix=subject.pprof)


class Meanwhile:
    """One answer that is waited for."""

    def __init__(self, name: str, ask: Callable[[], bytes], *, lasts: float = 0, after: float = 0.0) -> None:
        """Ask from a thread.

        Args:
            name: what is asked for.
            ask: returns it; a ValueError or NativeError says why there is none.
            lasts: seconds that the service takes for it.
            after: seconds until it is asked.
        """
        self.name = name
        self._ask, self._lasts, self._after = ask, lasts, after
        self._begun = time.monotonic()
        self._ended = threading.Event()
        self._data = b""
        self._failure = ""
        self._thread = threading.Thread(target=self._run, name=f"go-{name}", daemon=True)
        self._thread.start()

    def join(self) -> tuple[bytes, str]:
        """Wait for the answer; return it, or nothing and what went wrong."""
        self._ended.set()
        cut_short = time.monotonic() - self._begun < self._lasts / 2
        self._thread.join(_CUT_SHORT_SECONDS if cut_short else self._lasts + _JOIN_SECONDS)
        return self._data, "" if self._data else self._failure or "it did not end with its window"

    def _run(self) -> None:
        self._ended.wait(self._after)
        try:
            self._data = self._ask()
        except (ValueError, NativeError) as error:
            self._failure = str(error)
