"""Where net/http/pprof answers, as configurations say it."""

import pytest

from tailtune.model.pprof_address import pprof_address


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("/debug/pprof", ("", "/debug/pprof")),
        (":6060/", ("6060", "/")),
        (":{pprof_port}/debug/pprof/", ("{pprof_port}", "/debug/pprof/")),
    ],
)
def test_an_address_is_a_path_or_a_port_and_a_path(text: str, parts: tuple[str, str]) -> None:
    assert pprof_address(text) == parts


@pytest.mark.parametrize(
    "text", ["", "debug", "6060/debug", ":6060", ":0/debug", ":65536/debug", ":{port}/debug", ":/debug", "/debug pprof"]
)
def test_anything_else_is_none(text: str) -> None:
    assert pprof_address(text) is None
