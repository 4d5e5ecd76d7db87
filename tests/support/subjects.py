"""Running services as collectors see them."""

import os
from pathlib import Path
from typing import Any

from tests.support.recordings import artifact

from tailtune.record.ports import Subject


def subject(**changes: Any) -> Subject:
    """A subject of which only what a test cares about is named."""
    given: dict[str, Any] = {
        "pid": os.getpid(),
        "port": 1,
        "language": "command",
        "pprof": "",
        "artifact": artifact("base", ""),
        "stderr": Path(os.devnull),
        "started_ns": 0,
    }
    return Subject(**given | changes)
