"""URLs and paths as sources write them → path and query as a request line may hold them."""

import re
from typing import Final
from urllib.parse import quote, urlsplit

from tailtune.record.ports import Origin

_PATH_CHARACTERS: Final = "/?@!$&'()*+,;=:%-._~"
"""Left as they are: what RFC 3986 allows in path and query, and `%` of what is encoded already."""
_SCHEMES: Final = frozenset({"http", "https"})
_AUTHORITY: Final = re.compile(r"[A-Za-z0-9._~:\[\]-]+")
_LOOSE_PERCENT: Final = re.compile(r"%(?![0-9A-Fa-f]{2})")
FRAMING: Final = frozenset({"content-length", "transfer-encoding", "connection", "proxy-connection", "keep-alive"})
"""Headers that belong to one connection or follow from the body: never part of a workload."""
_HEADER: Final = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_CONTROL: Final = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")


def clean_path(text: str) -> str:
    """Return path and query of a request: begins with /, percent-encoded, without a fragment."""
    path = _LOOSE_PERCENT.sub("%25", text.partition("#")[0])
    path = quote(path, safe=_PATH_CHARACTERS, errors="surrogatepass" if path.isascii() else "replace")
    return path if path.startswith("/") else f"/{path}"


def split_url(text: str) -> tuple[Origin, str] | None:
    """Split an absolute URL, or a path alone, into origin and path; None if it is neither."""
    if text.startswith("/"):
        return Origin(), clean_path(text)
    try:
        parts = urlsplit(text)
        valid = parts.scheme in _SCHEMES and bool(parts.hostname) and (parts.port is None or parts.port > 0)
    except ValueError:
        return None
    authority = parts.netloc.rpartition("@")[2]
    if not valid or not _AUTHORITY.fullmatch(authority):
        return None
    path = clean_path((parts.path or "/") + (f"?{parts.query}" if parts.query else ""))
    return Origin(scheme=parts.scheme, authority=authority.lower()), path


def usable_header(name: str, value: str) -> bool:
    """Whether a header can be sent as part of a workload."""
    return (
        name.lower() not in FRAMING
        and _HEADER.fullmatch(name) is not None
        and _CONTROL.search(value) is None
        and not any("\ud800" <= char <= "\udfff" for char in value)
    )
