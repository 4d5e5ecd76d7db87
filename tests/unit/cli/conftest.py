"""The use cases replaced by fakes, so that only the command line is tested."""

import sys
from collections.abc import Callable
from types import ModuleType
from typing import Any

import pytest


class FakeLab:
    """Puts fakes in the place of use cases and remembers how they were called."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self._monkeypatch = monkeypatch
        self.calls: list[tuple[tuple[Any, ...], dict[str, Any]]] = []

    def returns(self, module: str, function: str, result: object) -> None:
        self.does(module, function, lambda **_: result)

    def raises(self, module: str, function: str, error: BaseException) -> None:
        def fail(**_: object) -> object:
            raise error

        self.does(module, function, fail)

    def does(self, module: str, function: str, action: Callable[..., object]) -> None:
        def fake(*args: object, **kwargs: object) -> object:
            self.calls.append((args, kwargs))
            return action(**kwargs)

        replaced = ModuleType(f"tailtune.lab.{module}")
        setattr(replaced, function, fake)
        self._monkeypatch.setitem(sys.modules, f"tailtune.lab.{module}", replaced)


@pytest.fixture
def lab(monkeypatch: pytest.MonkeyPatch) -> FakeLab:
    return FakeLab(monkeypatch)


@pytest.fixture(autouse=True)
def _plain_surroundings(monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> None:
    """A project directory, and none of the variables that change how output looks."""
    for name in ("NO_COLOR", "FORCE_COLOR", "CI", "TAILTUNE_DEBUG", "TAILTUNE_CONFIG"):
        monkeypatch.delenv(name, raising=False)
    (tmp_path / "tailtune.toml").write_text("")
    monkeypatch.chdir(tmp_path)
