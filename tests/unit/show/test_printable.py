"""Names from outside on a terminal."""

from hypothesis import given
from hypothesis import strategies as st

from tailtune.show.printable import printable, shortened


def test_nothing_moves_the_cursor_or_turns_the_line():
    assert printable("a\x1b[2Jb\n\r\tc") == "a�[2Jb���c"
    assert printable("\u202eevil\u2028") == "�evil�"
    assert printable("e\u0301" * 3) == "e�e�e�"
    assert printable("") == "(no name)"
    assert printable("größe::<世界>") == "größe::<世界>"


@given(st.text(), st.integers(1, 40))
def test_names_fit(name, width):
    shown = shortened(name, width)
    assert len(shown) <= width
    assert all(letter.isprintable() for letter in shown)


def test_both_ends_are_kept():
    assert shortened("github.com/somebody/project.(*Type).Method", 20) == "github.…Type).Method"
