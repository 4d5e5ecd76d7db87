"""Profiles that a Go service hands out over HTTP: net/http/pprof."""

import http.client
import urllib.error
import urllib.parse
import urllib.request
from dataclasses import dataclass
from typing import Final

from tailtune.errors import SetupError, UsageError
from tailtune.model.endpoint import PprofKind

_PREFIX: Final = "/debug/pprof"
_PATIENCE_S: Final = 15.0
"""Beyond the seconds asked for."""
_MOST_BYTES: Final = 256 << 20
_MOST_SAID: Final = 300
"""Characters of an answer that is no profile."""


@dataclass(frozen=True)
class Pull:
    """One request for a profile."""

    url: str
    kind: PprofKind | None
    """None: the URL names something else, which is pulled as it is."""
    seconds: float
    """How long the service takes to answer."""


def pull_of(url: str, kind: PprofKind | None, seconds: float) -> Pull:
    """Return what to ask a service for.

    A URL without a path, or with the path of the index, asks for `kind`, or CPU by default. What happens over time is
    asked for with `?seconds=N`, so that the service itself subtracts; a query in the URL is left as it is.

    Raises:
        UsageError: if the URL cannot be used, or names another kind than `kind`.
    """
    parts = urllib.parse.urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise UsageError(f"{url} is no URL of a service", hint="http://HOST:PORT or http://HOST:PORT/debug/pprof/KIND")
    path = parts.path.rstrip("/")
    named = _kind_of(path)
    if kind and named and named is not kind:
        raise UsageError(f"{url} names the kind `{named}`, and --kind names `{kind}`")
    if path and not path.endswith(_PREFIX) and not named:
        return Pull(url, None, seconds)
    wanted = kind or named or PprofKind.CPU
    if not named:
        leaf = "profile" if wanted is PprofKind.CPU else wanted.value
        path = f"{path or _PREFIX}/{leaf}"
    asked = urllib.parse.parse_qs(parts.query)
    if "seconds" in asked:
        seconds = _number(asked["seconds"][0], url)
    elif wanted.is_state:
        seconds = 0.0
    query = parts.query
    if "seconds" not in asked and seconds:
        seconds = max(1, round(seconds))
        query = f"{query}&seconds={seconds}" if query else f"seconds={seconds}"
    return Pull(urllib.parse.urlunsplit(parts._replace(path=path, query=query)), wanted, float(seconds))


def pull(asked: Pull) -> bytes:
    """Fetch a profile; returns when the service has answered.

    Raises:
        SetupError: if it does not answer, or answers with something else than a profile.
    """
    try:
        with urllib.request.urlopen(asked.url, timeout=asked.seconds + _PATIENCE_S) as answer:  # noqa: S310 - checked
            data: bytes = answer.read(_MOST_BYTES + 1)
    except urllib.error.HTTPError as error:
        with error:
            said = error.read(_MOST_SAID).decode(errors="replace").strip()
        raise SetupError(f"{asked.url} answered {error.code}: {said}", hint=_hint(error.code)) from error
    except (OSError, http.client.HTTPException) as error:
        reason = getattr(error, "reason", None) or error
        raise SetupError(f"{asked.url} gives no profile: {reason}", hint="does the service listen there?") from error
    if len(data) > _MOST_BYTES:
        raise SetupError(f"{asked.url} answered with more than {_MOST_BYTES >> 20} MiB")
    return data


def _kind_of(path: str) -> PprofKind | None:
    head, _, leaf = path.rpartition("/")
    if not head.endswith(_PREFIX):
        return None
    if leaf == "profile":
        return PprofKind.CPU
    return PprofKind(leaf) if leaf in set(PprofKind) - {PprofKind.CPU} else None


def _number(text: str, url: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = -1.0
    if not 0 <= seconds < float("inf"):
        raise UsageError(f"{url}: `seconds={text}` is no number of seconds")
    return seconds


def _hint(code: int) -> str:
    if code == http.HTTPStatus.NOT_FOUND:
        return "does the service import net/http/pprof, and is it served on this port?"
    if code in (http.HTTPStatus.INTERNAL_SERVER_ERROR, http.HTTPStatus.BAD_REQUEST):
        return "another CPU profile may be running, or the server's WriteTimeout is shorter than --seconds"
    return ""
