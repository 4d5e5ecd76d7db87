"""What all tests share: nothing of the user's own is touched."""

import signal
from collections.abc import Iterator

import pytest

signal.signal(signal.SIGINT, signal.default_int_handler)
"""A shell starts what runs in the background with Ctrl-C ignored, and children inherit that; tests press it."""


@pytest.fixture(autouse=True, scope="session")
def _state_of_its_own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """What the tool keeps for its user goes into a folder of the tests."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_STATE_HOME", str(tmp_path_factory.mktemp("state")))
        yield
