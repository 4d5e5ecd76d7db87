"""What tests need to know of perf events here."""

import json

import pytest

from tailtune._native import perf_capability


def permitted() -> None:
    """Skip the test where no perf event may be opened."""
    if not any(mode["permitted"] for mode in json.loads(perf_capability())["modes"]):
        pytest.skip("this machine permits no perf events at all")
