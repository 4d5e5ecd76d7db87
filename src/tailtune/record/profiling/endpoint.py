"""Profiles that a Go service hands out over HTTP: net/http/pprof."""

import urllib.parse
from dataclasses import dataclass
from typing import Final

from tailtune.errors import SetupError, UsageError
from tailtune.model.endpoint import PprofKind
from tailtune.record.endpoint import PREFIX, EndpointError, Source, fetch

_HTTP: Final = 80
_HTTPS: Final = 443


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
    if "unix" in parts.scheme:
        raise UsageError(
            f"{url}: no service is asked through a Unix socket",
            hint="curl --unix-socket PATH http://localhost/debug/pprof/profile | tailtune profile -",
        )
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise UsageError(f"{url} is no URL of a service", hint="http://HOST:PORT or http://HOST:PORT/debug/pprof/KIND")
    path = parts.path.rstrip("/")
    named = _kind_of(path)
    if kind and named and named is not kind:
        raise UsageError(f"{url} names the kind `{named}`, and --kind names `{kind}`")
    if path and not path.endswith(PREFIX) and not named:
        return Pull(url, None, seconds)
    wanted = kind or named or PprofKind.CPU
    if not named:
        leaf = "profile" if wanted is PprofKind.CPU else wanted.value
        path = f"{path or PREFIX}/{leaf}"
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
        SetupError: if it does not answer, or refuses.
        UsageError: if the URL cannot be used.
    """
    parts = urllib.parse.urlsplit(asked.url)
    tls = parts.scheme == "https"
    try:
        source = Source(host=parts.hostname or "", port=parts.port or (_HTTPS if tls else _HTTP), tls=tls)
        return fetch(source, urllib.parse.urlunsplit(("", "", parts.path or "/", parts.query, "")), asked.seconds)
    except EndpointError as error:
        raise SetupError(f"{asked.url} gives no profile: {error}", hint=error.hint) from error
    except ValueError as error:  # of urlsplit: a port that is none
        raise UsageError(f"{asked.url} is no URL of a service: {error}") from error


def _kind_of(path: str) -> PprofKind | None:
    head, _, leaf = path.rpartition("/")
    if not head.endswith(PREFIX):
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
