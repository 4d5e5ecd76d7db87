"""Waiting for what happens in other processes."""

import time
from collections.abc import Callable


def wait_until(condition: Callable[[], bool], seconds: float, step: float = 0.01) -> bool:
    """Wait for a condition, looking every `step` seconds; False when it did not hold in time."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() >= deadline:
            return False
        time.sleep(step)
    return True
