"""What all tests share: nothing of the user's own is touched, and they may run in several processes."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

settings.register_profile("tailtune", deadline=None)
settings.load_profile("tailtune")
"""No test asserts a time, and the default profile does."""

signal.signal(signal.SIGINT, signal.default_int_handler)
"""A shell starts what runs in the background with Ctrl-C ignored, and children inherit that; tests press it."""


@pytest.fixture(autouse=True, scope="session")
def _state_of_its_own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """What the tool keeps for its user goes into a folder of the tests."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_STATE_HOME", str(tmp_path_factory.mktemp("state")))
        yield


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """With `-n --dist loadgroup`, tests that share a fixture of their file run on one worker, all others anywhere.

    So do those that need the Rust example built: workers would else wait for one another.
    """
    if not config.pluginmanager.hasplugin("xdist"):
        return
    for item in items:
        assert isinstance(item, pytest.Function)
        fixtures = item._fixtureinfo.name2fixturedefs
        if any(fixture.scope == "module" for defined in fixtures.values() for fixture in defined):
            item.add_marker(pytest.mark.xdist_group(str(item.path)))
        elif "rust_binaries" in fixtures:
            item.add_marker(pytest.mark.xdist_group("rust_binaries"))


@pytest.fixture(scope="session")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of this run of the tests, the same in all its processes."""
    own = tmp_path_factory.getbasetemp()
    return own.parent if "PYTEST_XDIST_WORKER" in os.environ else own
