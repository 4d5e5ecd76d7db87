"""Which parts of a path name one thing among many: identifiers, numbers, hashes."""

import re
from typing import Final

PLACE: Final = "{id}"
"""Stands for a segment that names one thing among many."""

_NAMES_ONE: Final = re.compile(
    r"[0-9]+(?:[.,_-][0-9]+)*"  # numbers, dates, versions
    r"|[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}"  # UUID
    r"|[0-9a-fA-F]{12,}"  # hashes
    r"|(?=.*[0-9].*[0-9])[A-Za-z0-9_~-]{10,}"  # tokens, ULID, slugs with numbers
    r"|[^/]*[@%=+:;,!$&'()*].*"  # addresses, encoded text, matrix parameters
    r"|.{33,}"  # longer than a word
)
_EXTENSIONS: Final = frozenset(
    {"css", "csv", "gif", "gz", "htm", "html", "ico", "jpeg", "jpg", "js", "json", "map", "mp4", "pdf", "php", "png"}
    | {"svg", "txt", "webp", "woff", "woff2", "xml", "zip"}
)


def names_one(segment: str) -> bool:
    """Whether a segment of a path looks like the name of one thing rather than of a kind."""
    return _NAMES_ONE.fullmatch(segment) is not None


def route(path: str) -> str:
    """Return a path without its query, with `{id}` for each segment that names one thing.

    A last segment keeps its extension: `/img/123.png` is `/img/{id}.png`.
    """
    whole = path.partition("?")[0].partition("#")[0]
    return "/".join(_general(segment) for segment in whole.split("/"))


def _general(segment: str) -> str:
    stem, dot, extension = segment.rpartition(".")
    if dot and names_one(stem) and extension.lower() in _EXTENSIONS:
        return f"{PLACE}.{extension}"
    return PLACE if names_one(segment) else segment
