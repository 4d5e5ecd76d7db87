import importlib.metadata
from collections.abc import Iterator

import pytest

from tailtune.errors import UsageError
from tailtune.record import registry


@pytest.fixture(autouse=True)
def _fresh() -> Iterator[None]:
    registry.knobs.cache_clear()
    yield
    registry.knobs.cache_clear()


def offer(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    entry = importlib.metadata.EntryPoint(name="third", value=value, group="tailtune.knobs")
    monkeypatch.setattr(importlib.metadata, "entry_points", lambda group: [entry] if group == entry.group else [])


def test_what_is_there_is_found() -> None:
    assert set(registry.targets()) == {"go", "rust", "command"}
    assert {"gomaxprocs", "gogc", "gomemlimit", "affinity"} <= set(registry.knobs())
    assert {"process", "threads", "host", "gctrace", "schedtrace", "go_pprof", "go_trace"} <= set(registry.collectors())


def test_a_plugin_that_cannot_be_loaded_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    offer(monkeypatch, "no_such_package.knob")
    with pytest.raises(UsageError, match=r"plug-in 'third' .*cannot be loaded"):
        registry.knobs()


def test_a_name_can_be_taken_once(monkeypatch: pytest.MonkeyPatch) -> None:
    offer(monkeypatch, "tailtune.record.knobs.gogc")
    with pytest.raises(UsageError, match="two plug-ins are named 'gogc'"):
        registry.knobs()


def test_a_module_that_offers_nothing_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    offer(monkeypatch, "tailtune.record.processes.proc")
    with pytest.raises(UsageError, match=r"tailtune\.record\.processes\.proc offers no KNOB"):
        registry.knobs()
