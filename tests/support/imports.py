"""Sources of requests for tests of importers, and what every importer must survive."""

import io
import json
from pathlib import Path

from tailtune.lab.workload_import import ImportChoices, import_workload
from tailtune.model.imports import Imported
from tailtune.record import registry
from tailtune.record.imports.notes import Notes
from tailtune.record.ports import ImportOptions, Recorded

ACCESS_LOG = rb"""192.0.2.7 - ann [10/Oct/2025:13:55:36 +0000] "GET /products/17?ref=mail HTTP/1.1" 200 2326 "-" "A/1.0"
192.0.2.7 - - [10/Oct/2025:13:55:36 +0000] "GET /products/18 HTTP/1.1" 200 2326 "https://shop.example/" "Agent/1.0"
shop.example:443 192.0.2.9 - - [10/Oct/2025:15:55:38 +0200] "POST /cart HTTP/2.0" 302 0
192.0.2.8 - - [10/Oct/2025:13:55:37 +0000] "GET /search?q=\x22a b\x22 HTTP/1.1" 200 - "-" "a \"quoted\" agent"
nonsense
192.0.2.8 - - [10/Oct/2025:13:55:39 +0000] "\x16\x03\x01" 400 0 "-" "-"
192.0.2.8 - - [10/Oct/2025:13:55:39 +0000] "GET / HTTP/1.1" 200 12 "-" "-"
"""
JSON_LINES = b"""{"time": "2025-10-10T13:55:36.250Z", "method": "GET", "path": "/a/1", "status": 200}
{"time": "2025-10-10T13:55:36.500Z", "method": "post", "url": "http://api.example/b", "status": "201"}
{"time": 1760104537.0, "request": "GET /c HTTP/1.1"}
{"time": "yesterday", "path": "/d"}
[1]
"""
CURL = rb"""$ curl 'http://localhost:8080/api?x=1' \
  -H 'Accept: application/json' -u ann:secret --compressed -sS -b 'a=1; b=2'
curl -X PUT http://localhost:8080/things/1 --json '{"name": "{name}"}' -m 2.5  # with a comment
curl -G -d 'q=a b' --data-urlencode 'r=c&d' "http://localhost:8080/search"
curl http://localhost:8080/form -d a=1 -d @body.txt
"""
VEGETA = b"""# targets
GET http://localhost:8080/a/1
X-Key: 1
X-Key: 2

GET http://localhost:8080/a/2
X-Key: 1
X-Key: 2
POST http://localhost:8080/b
Content-Type: text/plain
@body.txt
"""
VEGETA_JSON = b"""{"method": "GET", "url": "http://localhost:8080/a"}
{"method": "POST", "url": "http://localhost:8080/b", "body": "aGVsbG8=", "header": {"X-A": ["1", "2"]}}
{"method": "POST", "url": "http://localhost:8080/b", "body": "!!"}
"""
H2LOAD = b"0\t/a\n12.5\thttp://localhost:8080/b?c=1\n12.5\t/a\n"
HAR = json.dumps(
    {
        "log": {
            "version": "1.2",
            "entries": [
                {
                    "startedDateTime": "2025-10-10T13:55:36.250+00:00",
                    "request": {
                        "method": "GET",
                        "url": "https://shop.example/",
                        "headers": [{"name": ":authority", "value": "x"}, {"name": "Accept", "value": "text/html"}],
                    },
                    "response": {"status": 200, "content": {"text": "<html>" * 100}},
                },
                {
                    "startedDateTime": "2025-10-10T13:55:36.400Z",
                    "request": {
                        "method": "POST",
                        "url": "https://shop.example/cart",
                        "headers": [{"name": "Content-Length", "value": "3"}],
                        "postData": {
                            "mimeType": "application/x-www-form-urlencoded",
                            "params": [{"name": "a", "value": "1 2"}, {"name": "b", "value": "ü"}],
                        },
                    },
                    "response": {"status": 302},
                },
                {
                    "startedDateTime": "2025-10-10T13:55:36.300Z",
                    "request": {"method": "GET", "url": "https://cdn.example/x.js"},
                },
                {
                    "startedDateTime": "2025-10-10T13:55:36.500Z",
                    "request": {
                        "method": "POST",
                        "url": "https://shop.example/upload",
                        "postData": {"mimeType": "multipart/form-data; boundary=x", "params": [{"name": "f"}]},
                    },
                },
            ],
        }
    }
).encode()
SOURCES = {
    "access-log": ACCESS_LOG,
    "json-lines": JSON_LINES,
    "curl": CURL,
    "vegeta": VEGETA,
    "h2load": H2LOAD,
    "har": HAR,
}
"""A source of each format."""


class Silent:
    """Progress that nobody looks at."""

    def phase(self, name: str, note: str = "") -> None: ...
    def advance(self, done: float, total: float, note: str = "") -> None: ...
    def note(self, text: str) -> None: ...
    def warn(self, text: str) -> None: ...


def read(format_name: str, source: bytes, root: Path = Path(), **fields: str) -> tuple[list[Recorded], Notes]:
    """Return what an importer makes of a source."""
    notes = Notes()
    options = ImportOptions(root=root, fields=fields)
    return list(registry.importer(format_name).read(io.BytesIO(source), options, notes)), notes


def imported(format_name: str, source: bytes, folder: Path, **choices: object) -> Imported:
    """Import a source in a folder that also holds the body some of them name."""
    (folder / "body.txt").write_text("b=2\n&c=3")
    path = folder / "source"
    path.write_bytes(source)
    options = ImportChoices(**choices)  # type: ignore[arg-type]
    return import_workload(format_name, path, folder / "workload.toml", options, Silent())
