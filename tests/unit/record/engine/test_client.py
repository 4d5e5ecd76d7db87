from typing import Any

import pytest

from tailtune.record.engine.client import EngineProcess


def test_a_ctrl_c_counts_also_when_the_play_has_just_ended_by_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    engine: Any = object.__new__(EngineProcess)

    def interrupted(*_: object) -> dict[str, Any]:
        raise KeyboardInterrupt

    monkeypatch.setattr(engine, "_follow", interrupted, raising=False)
    monkeypatch.setattr(engine, "_stop_and_collect", lambda: {"interrupted": False, "sent": 7}, raising=False)
    assert engine._ended(lambda _: None, lambda: None) == {"interrupted": True, "sent": 7}
