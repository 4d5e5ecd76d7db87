"""What several tests against real things start from."""

import os
from collections.abc import Iterator

import pytest

from tailtune.record.engine.load import EngineProcess


@pytest.fixture(scope="module")
def engine() -> Iterator[EngineProcess]:
    """An engine on the first CPU, resident for the tests of one file."""
    with EngineProcess([min(os.sched_getaffinity(0))]) as started:
        yield started
