"""Commands of curl, as people type them and as browsers copy them: text that may hold several."""

import base64
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO, Final
from urllib.parse import quote_from_bytes

import msgspec

from tailtune.errors import UsageError
from tailtune.model.units import Duration
from tailtune.record.imports.curl_options import options_of
from tailtune.record.imports.lines import small_text
from tailtune.record.imports.shell import commands
from tailtune.record.imports.urls import split_url, usable_header
from tailtune.record.ports import ImportNotes, ImportOptions, Recorded

_MOST_BYTES: Final = 4 * 1024 * 1024
_FORM: Final = "application/x-www-form-urlencoded"

_REFUSED: Final = {
    "form": "multipart forms (-F) are not imported; send the body that they make: save it, then --data-binary @FILE",
    "form-string": "multipart forms are not imported; send the body that they make: save it, then --data-binary @FILE",
    "upload-file": "uploads (-T) are not imported; write -X PUT --data-binary @FILE",
    "proxy": "a workload goes to the service itself, not through a proxy (-x)",
    "config": "options in a file (-K) are not read; write them out",
    "cert": "client certificates (-E) cannot be part of a workload",
    "key": "client certificates (--key) cannot be part of a workload",
    "digest": "--digest needs an answer first; only -u with basic authentication is imported",
    "ntlm": "--ntlm needs an answer first; only -u with basic authentication is imported",
    "negotiate": "--negotiate needs an answer first; only -u with basic authentication is imported",
    "anyauth": "--anyauth needs an answer first; only -u with basic authentication is imported",
    "aws-sigv4": "signatures that depend on the time (--aws-sigv4) cannot be part of a workload",
    "http3": "HTTP/3 is not spoken",
    "http3-only": "HTTP/3 is not spoken",
    "abstract-unix-socket": "abstract sockets are not supported",
    "netrc": "passwords from .netrc (-n) are not read; write -u",
    "next": "several transfers in one command (--next) are not imported; write one curl command for each",
}
_NOTED: Final = {
    "location": "-L is left out: a redirect is an answer like any other",
    "resolve": "--resolve is left out: `tailtune load` is given the address",
    "connect-to": "--connect-to is left out: `tailtune load` is given the address",
    "retry": "--retry is left out: a failed request is counted, not repeated",
}


class _Command:
    """What the words of one command ask for."""

    def __init__(self, options: ImportOptions, notes: ImportNotes, number: int) -> None:
        self._root = options.root
        self._notes = notes
        self._number = number
        self.urls: list[str] = []
        self.seen: set[str] = set()
        self.values: dict[str, str] = {}
        self.headers: dict[str, str] = {}
        self.removed: set[str] = set()
        self.cookies: list[str] = []
        self.data: list[bytes] = []
        self.json = False

    def take(self, name: str, value: str) -> None:
        """Take an option by its long name."""
        if name in _REFUSED:
            raise UsageError(f"curl command {self._number}: {_REFUSED[name]}")
        if name in _NOTED:
            self._notes.warn(_NOTED[name])
        self.seen.add(name)
        self.values[name] = value
        if handler := _HANDLERS.get(name):
            handler(self, value)

    def url(self, value: str) -> None:
        self.urls.append(value if "://" in value else f"http://{value}")

    def header(self, value: str) -> None:
        if value.startswith("@"):
            raise UsageError(f"curl command {self._number}: headers from a file (-H {value}) are not read")
        name, colon, text = value.partition(":")
        if not colon and name.endswith(";"):  # curl's way to send an empty header
            self.headers[name[:-1].strip()] = ""
        elif colon and not text.strip():  # curl's way to leave out a header of its own
            self.removed.add(name.strip().lower())
        elif colon and name.lower().strip() == "cookie":
            self.cookies.append(text.strip())
        elif colon:
            self.headers[name.strip()] = text.strip()
        else:
            self._notes.warn(f"curl command {self._number}: {value[:60]!r} is no header and is left out")

    def cookie(self, value: str) -> None:
        if "=" not in value:
            raise UsageError(f"curl command {self._number}: cookies from a file (-b {value}) are not read")
        self.cookies.append(value)

    def text(self, value: str) -> None:
        """-d: as it is, or a file without its line breaks."""
        if value.startswith("@"):
            self.data.append(self._file(value[1:]).replace(b"\r", b"").replace(b"\n", b"").replace(b"\0", b""))
        else:
            self.data.append(value.encode())

    def binary(self, value: str) -> None:
        self.data.append(self._file(value[1:]) if value.startswith("@") else value.encode())

    def raw(self, value: str) -> None:
        self.data.append(value.encode())

    def as_json(self, value: str) -> None:
        self.json = True
        self.binary(value)

    def encoded(self, value: str) -> None:
        """--data-urlencode: content, =content, name=content, @file or name@file."""
        name, sign, rest = _split_encoded(value)
        content = self._file(rest) if sign == "@" else rest.encode()
        text = quote_from_bytes(content, safe="")
        self.data.append((f"{name}={text}" if name else text).encode())

    def _file(self, name: str) -> bytes:
        if name == "-":
            raise UsageError(f"curl command {self._number}: a body from stdin (@-) is not there any more")
        path = self._root / Path(name).expanduser()
        try:
            return path.read_bytes()
        except (OSError, ValueError) as error:
            raise UsageError(
                f"curl command {self._number}: {path}: cannot be read: {error}",
                hint="names of files are relative to the file with the command",
            ) from None


_HANDLERS: Final[dict[str, Callable[[_Command, str], None]]] = {
    "url": _Command.url,
    "header": _Command.header,
    "cookie": _Command.cookie,
    "data": _Command.text,
    "data-ascii": _Command.text,
    "data-raw": _Command.raw,
    "data-binary": _Command.binary,
    "data-urlencode": _Command.encoded,
    "json": _Command.as_json,
}


def _split_encoded(value: str) -> tuple[str, str, str]:
    for index, char in enumerate(value):
        if char in "=@":
            return value[:index], char, value[index + 1 :]
    return "", "=", value


class CurlImporter:
    """Reads curl commands."""

    name: str = "curl"
    help: str = "curl commands: a file of them, or the text that a browser copies"

    def read(self, source: BinaryIO, options: ImportOptions, notes: ImportNotes) -> Iterator[Recorded]:
        """Yield one request for each URL of each command."""
        found = commands(small_text(source, _MOST_BYTES, "the text of the commands"))
        for number, words in enumerate(found, 1):
            command = _Command(options, notes, number)
            for name, value in options_of(words[1:], f"curl command {number}"):
                command.take(name, value)
            if not command.urls:
                raise UsageError(f"curl command {number} has no URL", hint="write curl and what follows it")
            for url in command.urls:
                yield _request(command, url, number)


def _request(command: _Command, url: str, number: int) -> Recorded:
    split = split_url(url)
    if split is None:
        raise UsageError(f"curl command {number}: {url} is no http:// or https:// URL")
    origin, path = split
    body = b"&".join(command.data) if command.data else None
    if "get" in command.seen and body is not None:
        path, body = f"{path}{'&' if '?' in path else '?'}{body.decode('latin-1')}", None
        path = (split_url(path) or (origin, path))[1]
    headers = _headers(command, body)
    return Recorded(
        method=_method(command, body, number),
        path=path,
        headers={name: value for name, value in headers.items() if usable_header(name, value)},
        body=body,
        timeout_ns=_timeout(command, number),
        line=number,
        origin=msgspec.structs.replace(
            origin,
            http2=bool(command.seen & {"http2", "http2-prior-knowledge"}),
            insecure="insecure" in command.seen,
            unix=command.values.get("unix-socket", ""),
            ca_file=command.values.get("cacert", ""),
        ),
    )


def _method(command: _Command, body: bytes | None, number: int) -> str:
    if "request" in command.values:
        method = command.values["request"].upper()
        if not (method.isascii() and method.isalpha()):
            raise UsageError(f"curl command {number}: {method!r} is no HTTP method")
        return method
    if "head" in command.seen:
        return "HEAD"
    return "GET" if body is None else "POST"


def _headers(command: _Command, body: bytes | None) -> dict[str, str]:
    """Return the headers in curl's order, its own first unless they were replaced or removed."""
    own: dict[str, str] = {}
    if "user" in command.values:
        own["Authorization"] = f"Basic {base64.b64encode(command.values['user'].encode()).decode()}"
    if "oauth2-bearer" in command.values:
        own["Authorization"] = f"Bearer {command.values['oauth2-bearer']}"
    if "user-agent" in command.values:
        own["User-Agent"] = command.values["user-agent"]
    own["Accept"] = "application/json" if command.json else "*/*"
    if "referer" in command.values:
        own["Referer"] = command.values["referer"]
    if command.cookies:
        own["Cookie"] = "; ".join(command.cookies)
    if "compressed" in command.seen:
        own["Accept-Encoding"] = "deflate, gzip"
    if body is not None:
        own["Content-Type"] = "application/json" if command.json else _FORM
    given = {name.lower() for name in command.headers} | command.removed
    return {name: value for name, value in own.items() if name.lower() not in given} | command.headers


def _timeout(command: _Command, number: int) -> int:
    if "max-time" not in command.values:
        return 0
    try:
        seconds = float(command.values["max-time"])
    except ValueError:
        seconds = -1.0
    if not 0 < seconds < 86_400:
        raise UsageError(f"curl command {number}: --max-time {command.values['max-time']} is no time in seconds")
    return int(Duration.from_seconds(seconds))


IMPORTER: Final = CurlImporter()
