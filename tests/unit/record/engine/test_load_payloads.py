"""Requests from templates: exact bytes, all combinations, and clear refusals."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tailtune.errors import ConfigError
from tailtune.model.units import Duration
from tailtune.model.workload import Operation, Workload
from tailtune.record.engine.expansion import MAX_POOL
from tailtune.record.engine.load import compile_workload, expand_payloads


def pool(root: Path, **fields) -> list[bytes]:
    seed = fields.pop("seed", 1)
    operation = Operation(**({"name": "op"} | fields))
    return expand_payloads(Workload(operations=[operation], seed=seed), root)[0]


def parse(request: bytes) -> tuple[str, dict[str, str], bytes]:
    """Split a request into its request line, its header fields and its body."""
    head, _, body = request.partition(b"\r\n\r\n")
    line, *fields = head.decode().split("\r\n")
    return line, dict(field.split(": ", 1) for field in fields), body


def test_the_plain_request_is_complete(tmp_path: Path) -> None:
    assert pool(tmp_path) == [b"GET / HTTP/1.1\r\nHost: localhost\r\nUser-Agent: tailtune\r\n\r\n"]


def test_headers_of_the_workload_replace_those_of_the_tool(tmp_path: Path) -> None:
    [request] = pool(tmp_path, headers={"host": "shop.example", "X-Trace": "on"})
    _, headers, _ = parse(request)
    assert headers == {"User-Agent": "tailtune", "host": "shop.example", "X-Trace": "on"}


def test_a_body_has_its_length_in_bytes(tmp_path: Path) -> None:
    [request] = pool(tmp_path, method="POST", body="größe")
    _, headers, body = parse(request)
    assert body.decode() == "größe"
    assert headers["Content-Length"] == "7"


def test_a_post_without_a_body_says_so(tmp_path: Path) -> None:
    _, headers, body = parse(pool(tmp_path, method="POST")[0])
    assert (headers["Content-Length"], body) == ("0", b"")


def test_values_are_percent_encoded_in_paths_and_verbatim_elsewhere(tmp_path: Path) -> None:
    value = "a b/ü?&{x}"
    [request] = pool(
        tmp_path, method="POST", path="/s?q={q}", body='{"q": "{q}"}', headers={"X-Query": "{q}"}, data={"q": [value]}
    )
    line, headers, body = parse(request)
    assert line == "POST /s?q=a%20b%2F%C3%BC%3F%26%7Bx%7D HTTP/1.1"
    assert headers["X-Query"] == value
    assert body.decode() == f'{{"q": "{value}"}}'


def test_literal_text_of_a_path_is_kept_where_a_path_may_hold_it(tmp_path: Path) -> None:
    line, _, _ = parse(pool(tmp_path, path="/über/100%25?a=1&b=[2]")[0])
    assert line == "GET /%C3%BCber/100%25?a=1&b=[2] HTTP/1.1"


def test_a_name_has_one_value_in_one_request(tmp_path: Path) -> None:
    requests = pool(tmp_path, path="/{id}", headers={"X-Id": "{id}"}, data={"id": ["1", "2"]})
    for line, headers, _ in map(parse, requests):
        assert line.split()[1] == f"/{headers['X-Id']}"


def test_the_pool_holds_every_combination_once(tmp_path: Path) -> None:
    (tmp_path / "words.txt").write_text("red\n\nblue\r\n")
    (tmp_path / "bodies").mkdir()
    for name in ("b.json", "a.json"):
        (tmp_path / "bodies" / name).write_text(name)
    requests = pool(tmp_path, method="PUT", path="/{word}", data={"word": "words.txt"}, body_files="bodies/*.json")
    seen = [(line.split()[1], body) for line, _, body in map(parse, requests)]
    assert seen == [("/red", b"a.json"), ("/red", b"b.json"), ("/blue", b"a.json"), ("/blue", b"b.json")]


def test_repeated_values_weigh_more(tmp_path: Path) -> None:
    assert len(pool(tmp_path, path="/{a}", data={"a": ["x", "x", "y"]})) == 3


def test_more_combinations_than_the_pool_holds_are_drawn_by_seed(tmp_path: Path) -> None:
    numbers = [str(number) for number in range(300)]
    fields = {"path": "/{a}/{b}", "data": {"a": numbers, "b": numbers}}
    first, again, other = (pool(tmp_path, **fields, seed=seed) for seed in (1, 1, 2))
    assert len(first) == MAX_POOL
    assert first == again
    assert first != other
    assert len({line.split("/")[1] for line, _, _ in map(parse, first)}) > 250


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"path": "/{missing}", "data": {"known": ["1"]}}, ["op", "{missing}", "known"]),
        ({"path": "/{a}", "data": {"a": "absent.txt"}}, ["op", "absent.txt", "No such file"]),
        ({"path": "/{a}", "data": {"a": "empty.txt"}}, ["op", "empty.txt", "no value"]),
        ({"path": "/{a}", "data": {"a": []}}, ["op", "no value", "{a}"]),
        ({"path": "/{a}", "data": {"a": "binary.dat"}}, ["op", "binary.dat", "UTF-8"]),
        ({"path": "no-slash"}, ["op", "no-slash"]),
        ({"path": "/a b"}, ["op", "/a b"]),
        ({"method": "get"}, ["op", "get"]),
        ({"weight": 0.0}, ["op", "weight", "0"]),
        ({"weight": float("nan")}, ["op", "weight", "nan"]),
        ({"headers": {"Bad Name": "x"}}, ["op", "Bad Name"]),
        ({"headers": {"X": "a\r\nEvil: 1"}}, ["op", "control character"]),
        ({"headers": {"X": "{v}"}, "data": {"v": ["a\r\nEvil: 1"]}}, ["op", "control character"]),
        ({"headers": {"Content-Length": "3"}}, ["op", "Content-Length"]),
        ({"body": "x", "body_files": "*.json"}, ["op", "body_files"]),
        ({"body_files": "*.nothing"}, ["op", "*.nothing", "no file matches"]),
        ({"body_files": ""}, ["op", "relative glob"]),
        ({"body_files": "/etc/*"}, ["op", "relative glob"]),
        ({"body_files": "a**b"}, ["op", "relative glob"]),
    ],
)
def test_impossible_operations_are_refused_by_name(tmp_path: Path, fields, words: list[str]) -> None:
    (tmp_path / "empty.txt").write_text("\n \n")
    (tmp_path / "binary.dat").write_bytes(b"\xff\xfe")
    with pytest.raises(ConfigError) as caught:
        pool(tmp_path, **fields)
    assert all(word in caught.value.message for word in words), caught.value.message
    assert caught.value.hint


def test_a_workload_without_operations_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no operations"):
        expand_payloads(Workload(operations=[]), tmp_path)


@settings(deadline=None, max_examples=50)
@given(value=st.text(st.characters(exclude_categories=["Cs"]), min_size=1))
def test_no_value_can_break_out_of_the_request_line(value: str) -> None:
    line, headers, body = parse(pool(Path(), path="/x?q={q}", data={"q": [value]})[0])
    assert line.startswith("GET /x?q=")
    assert line.endswith(" HTTP/1.1")
    assert len(line.split(" ")) == 3
    assert set(headers) == {"Host", "User-Agent"}
    assert body == b""


def test_equal_workloads_compile_to_equal_files(tmp_path: Path) -> None:
    workload = Workload(
        operations=[Operation(name="a", path="/{n}", data={"n": ["1", "2"]}), Operation(name="b", weight=2.0)],
        rate_per_s=200,
        duration=Duration.parse("2s"),
    )
    first = compile_workload(workload, tmp_path, tmp_path / "1")
    again = compile_workload(workload, tmp_path, tmp_path / "2")
    other = compile_workload(workload, tmp_path, tmp_path / "3", seed=9)
    shorter = compile_workload(workload, tmp_path, tmp_path / "4", duration=Duration.parse("1s"))
    assert first == again
    assert (tmp_path / "1").read_bytes() == (tmp_path / "2").read_bytes()
    assert first.sha256 != other.sha256
    assert shorter.duration_ns == 1_000_000_000
    assert shorter.requests < first.requests


def test_a_negative_seed_is_a_seed(tmp_path: Path) -> None:
    workload = Workload(operations=[Operation(name="a")], seed=-1, duration=Duration.parse("1s"))
    assert compile_workload(workload, tmp_path, tmp_path / "s").requests > 0


def test_a_workload_that_sends_nothing_is_refused(tmp_path: Path) -> None:
    workload = Workload(operations=[Operation(name="a")], rate_per_s=0.001, duration=Duration.parse("1s"))
    with pytest.raises(ConfigError, match="no request at all"):
        compile_workload(workload, tmp_path, tmp_path / "s")
    assert not (tmp_path / "s").exists()
