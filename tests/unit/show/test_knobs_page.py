"""The page of knobs says what the knobs say."""

from pathlib import Path

from tailtune.lab.knobs import reference
from tailtune.record import registry
from tailtune.show.markdown.knobs import knob_page

PAGE = Path(__file__).parents[3] / "docs" / "knobs.md"


def test_the_page_is_current() -> None:
    """Refresh with `make docs`."""
    assert PAGE.read_text(encoding="utf-8") == knob_page(reference())


def test_every_knob_has_its_section() -> None:
    page = knob_page(reference())
    assert [name for name in registry.knobs() if f"### {name}\n" not in page] == []
