"""Are the operations of a workload possible?"""

import re
from collections.abc import Iterator, Mapping
from typing import Final

from tailtune.config.answers import answer_rules
from tailtune.config.generators import generator
from tailtune.config.problem import Problem, join, listed, nearest
from tailtune.config.values import foreign, not_a_path, positive, status, unsafe
from tailtune.model.generator import Generator
from tailtune.model.workload import Arrival, Operation, Protocol, Workload

UNSAID: Final = 200
"""An expected status that was not written; where statuses are not those of HTTP, it stands for success."""
HTTP: Final = frozenset({Protocol.HTTP1, Protocol.HTTP2})

_TOKEN: Final = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")  # RFC 9110, 5.6.2
_PLACEHOLDER: Final = re.compile(r"\{([A-Za-z_][A-Za-z0-9_]*)\}")
_GRPC_METHOD: Final = re.compile(r"([A-Za-z_]\w*\.)*[A-Za-z_]\w*/[A-Za-z_]\w*")
_STATUS_CLASS: Final = re.compile(r"[2-5]xx")
_SHA256: Final = re.compile(r"[0-9a-fA-F]{64}")
_HTTP_WORDS: Final = '"http1" or "http2"'


def operation(path: str, given: Operation, workload: Workload) -> Iterator[Problem]:
    """Yield every impossible value of one operation of a workload."""
    if not given.name.strip():
        yield Problem(key=join(path, "name"), found="is empty", accepted="a name for reports")
    yield from _request(path, given, workload.protocol)
    yield from positive(join(path, "weight"), given.weight, "a relative frequency, > 0")
    yield from positive(join(path, "timeout"), given.timeout, "a duration > 0")
    yield from _expected(path, given, workload.protocol)
    yield from _headers(join(path, "headers"), given.headers)
    yield from _body(path, given)
    yield from _placeholders(path, given)
    yield from _data(join(path, "data"), given, workload)
    yield from answer_rules(join(path, "answers"), given.answers)


def _request(path: str, given: Operation, protocol: Protocol) -> Iterator[Problem]:
    """Check method, path and body as the protocol has them."""
    if protocol in HTTP:
        if not given.path.startswith("/") or re.search(r"\s", given.path) or unsafe(given.path):
            yield not_a_path(join(path, "path"), given.path, "without white space")
        if not re.fullmatch(r"[A-Z]+", given.method):
            accepted = 'an HTTP method in capitals, such as "GET"'
            yield Problem(key=join(path, "method"), found=f'is "{given.method}"', accepted=accepted)
        return
    if given.path != "/":
        yield foreign(join(path, "path"), owner="protocol", value=protocol, only=_HTTP_WORDS)
    if protocol is Protocol.GRPC:
        yield from _grpc(path, given)
        return
    if given.method != "GET":
        yield foreign(join(path, "method"), owner="protocol", value=protocol, only=f'{_HTTP_WORDS}, or "grpc"')
    if given.headers:
        yield foreign(join(path, "headers"), owner="protocol", value=protocol, only=f'{_HTTP_WORDS}, or "grpc"')
    if given.body is None and given.body_files is None:
        yield Problem(key=join(path, "body"), found="is missing", accepted=f'what to send by protocol "{protocol}"')


def _grpc(path: str, given: Operation) -> Iterator[Problem]:
    if not _GRPC_METHOD.fullmatch(given.method):
        accepted = 'the full name of a method, such as "shop.Catalog/Find"'
        yield Problem(key=join(path, "method"), found=f'is "{given.method}"', accepted=accepted)
    if given.body_files is not None:
        yield foreign(join(path, "body_files"), owner="protocol", value="grpc", only=f'{_HTTP_WORDS}, "line" or others')


def _expected(path: str, given: Operation, protocol: Protocol) -> Iterator[Problem]:
    if protocol in HTTP or given.expected_status != UNSAID:
        yield from _expected_status(join(path, "expected_status"), given.expected_status, protocol)
    if given.expected_body_sha256 and not _SHA256.fullmatch(given.expected_body_sha256):
        yield Problem(
            key=join(path, "expected_body_sha256"),
            found=f'is "{given.expected_body_sha256}"',
            accepted="64 hexadecimal digits, as sha256sum prints them",
        )


def _expected_status(key: str, expected: int | str, protocol: Protocol) -> Iterator[Problem]:
    if protocol is Protocol.GRPC:
        if not (isinstance(expected, int) and 0 <= expected <= 16):
            yield Problem(key=key, found=f"is {_shown(expected)}", accepted="a gRPC status from 0 (OK) to 16")
    elif protocol not in HTTP:
        yield foreign(key, owner="protocol", value=protocol, only=f'{_HTTP_WORDS}, or "grpc"')
    elif isinstance(expected, int):
        yield from status(key, expected)
    elif not _STATUS_CLASS.fullmatch(expected):
        accepted = 'an HTTP status from 200 to 599, or a class: "2xx", "3xx", "4xx" or "5xx"'
        yield Problem(key=key, found=f"is {_shown(expected)}", accepted=accepted)


def _shown(value: object) -> str:
    return f'"{value}"' if isinstance(value, str) else str(value)


def _headers(path: str, headers: Mapping[str, str]) -> Iterator[Problem]:
    for name, value in headers.items():
        if not _TOKEN.fullmatch(name):
            yield Problem(key=join(path, name), found="is not a header name", accepted="letters, digits and hyphens")
        if unsafe(value):
            yield Problem(key=join(path, name), found="holds a control character", accepted="text on one line")


def _body(path: str, given: Operation) -> Iterator[Problem]:
    key, files = join(path, "body_files"), given.body_files
    if given.body is not None and files is not None:
        yield Problem(key=key, found="stands beside `body`", accepted="either `body` or `body_files`")
    if files is not None and (not files or files.startswith("/")):
        accepted = 'a glob relative to the configuration file, such as "bodies/*.json"'
        yield Problem(key=key, found=f'is "{files}"', accepted=accepted)


def _placeholders(path: str, given: Operation) -> Iterator[Problem]:
    texts = {"path": given.path, "body": given.body or ""}
    texts |= {join("headers", name): value for name, value in given.headers.items()}
    used = {key: dict.fromkeys(_PLACEHOLDER.findall(text)) for key, text in texts.items()}
    for key, names in used.items():
        for name in names:
            if name not in given.data:
                known = listed(given.data) or f"none yet; give its values in `{path}.data`"
                yield Problem(
                    key=f"{path}.{key}",
                    found=f"placeholder {{{name}}} has no data",
                    accepted=f"placeholders that `data` gives values for: {known}",
                    hint=nearest(name, given.data) or f'add {name} = ["...", "..."] or a file name to `{path}.data`',
                )
    for name in sorted(given.data.keys() - {name for names in used.values() for name in names}):
        yield from _nearly(path, name, texts)


def _nearly(path: str, name: str, texts: Mapping[str, str]) -> Iterator[Problem]:
    """Find what was meant as a placeholder and is none: it would be sent as it stands."""
    for key, text in texts.items():
        if found := re.search(rf"\{{\s*{re.escape(name)}\b.?", text):
            yield Problem(key=f"{path}.{key}", found=f"holds `{found[0]}`", accepted=f"the placeholder {{{name}}}")


def _data(path: str, given: Operation, workload: Workload) -> Iterator[Problem]:
    for name, values in given.data.items():
        key = join(path, name)
        if isinstance(values, Generator):
            yield from generator(key, values)
            if values.trace and workload.arrival is not Arrival.TRACE:
                yield foreign(join(key, "trace"), owner="arrival", value=workload.arrival, only='"trace"')
        elif not values:
            yield Problem(key=key, found="is empty", accepted="an array of values, or the path of a text file")
