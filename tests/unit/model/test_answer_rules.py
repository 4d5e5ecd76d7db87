import pytest

from tailtune.model.answer_rules import Place, parse_path, path_text


@pytest.mark.parametrize(
    ("path", "place", "named"),
    [
        ("$.time", ("time",), True),
        ("$.time", ("a", "time"), False),
        ("*.time", ("a", 3, "time"), True),
        ("*.time", ("time",), True),
        ("*.a.time", ("b", "time"), False),
        ("$.items[*].id", ("items", 4, "id"), True),
        ("$.items[*].id", ("items", "x", "id"), False),
        ("$.items[2]", ("items", 2), True),
        ("$.items[2]", ("items", "2"), False),
        ("$.*", ("any",), True),
        ("$.*.x", (0, "x"), True),
        ('$["a.b"].c', ("a.b", "c"), True),
        ('$["a\\"b"]', ('a"b',), True),
        ("$[*][*]", (0, 1), True),
    ],
)
def test_paths_name_places(path: str, place: Place, named: bool) -> None:
    assert parse_path(path).matches(place) is named


@pytest.mark.parametrize(
    "text", ["", "$", "*", "time", ".time", "$time", "$.", "$.a b", "$[x]", "$[-1]", '$["a]', "$.a."]
)
def test_what_is_no_path_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"a path|a key"):
        parse_path(text)


def test_places_are_written_as_paths() -> None:
    place: Place = ("a", 0, None, "b c", 'd"')
    assert path_text(place) == '$.a[0][*]["b c"]["d\\""]'
    assert path_text(()) == "$"
