"""From recorded requests to workloads: order, times, operations, traces, and what is refused."""

import gzip
import io
import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.support.imports import ACCESS_LOG, CURL, HAR, VEGETA, imported, read

from tailtune import config
from tailtune.config.toml_text import workload_text
from tailtune.errors import UsageError
from tailtune.model.generator import Generator
from tailtune.model.routes import route
from tailtune.model.units import Duration
from tailtune.record.imports.cutting import MARK, CutSource
from tailtune.record.imports.notes import Notes
from tailtune.record.imports.ordering import put_in_order, sort_all, spread
from tailtune.record.imports.shell import commands
from tailtune.record.imports.timed import escaped
from tailtune.record.imports.times import any_ns, common_log_ns
from tailtune.record.imports.urls import clean_path, split_url
from tailtune.record.ports import Recorded

S = 1_000_000_000


def at(*seconds: float, whole: bool = False) -> list[Recorded]:
    return [Recorded(at_ns=round(one * S), whole_seconds=whole, line=line) for line, one in enumerate(seconds, 1)]


def times(requests) -> list[float]:
    return [(request.at_ns or 0) / S for request in requests]


def test_small_disorder_is_put_right_and_more_is_told():
    assert times(put_in_order(at(3, 1, 2, 6, 5), Duration(5 * S))) == [1, 2, 3, 5, 6]
    with pytest.raises(UsageError, match="line 4: the time goes backwards by 10 s") as told:
        list(put_in_order(at(1, 7, 11, 1), Duration(2 * S)))
    assert "--sort" in told.value.hint


@pytest.mark.parametrize("starts", [(336, 0), (0, 100, 50)])
def test_a_time_that_goes_back_too_far_is_refused_though_nothing_after_it_was_yielded(starts):
    with pytest.raises(UsageError, match=f"line {len(starts)}: the time goes backwards"):
        list(put_in_order(at(*starts), Duration(5 * S)))


def test_any_disorder_can_be_sorted(monkeypatch):
    monkeypatch.setattr("tailtune.record.imports.ordering.MOST_HELD", 3)
    assert times(sort_all(at(9, 2, 7, 1, 8, 3, 2))) == [1, 2, 2, 3, 7, 8, 9]


def test_whole_seconds_are_spread_evenly_and_exact_times_are_kept():
    assert times(spread(at(1, 1, 2, whole=True))) == [1.25, 1.75, 2.5]
    assert times(spread(at(1, 1, 2))) == [1, 1, 2]
    assert times(spread([*at(1, whole=True), *at(1.1)])) == [1.5, 1.5]


@given(st.lists(st.floats(0, 100, allow_nan=False), max_size=40), st.booleans())
def test_spreading_never_makes_times_go_backwards(seconds, whole):
    spread_times = times(spread(at(*sorted(map(float, map(int, seconds)) if whole else seconds), whole=whole)))
    assert spread_times == sorted(spread_times)


@pytest.mark.parametrize(
    ("text", "ns"),
    [
        ("10/Oct/2000:13:55:36 -0700", 971_211_336 * S),
        ("2000-10-10T20:55:36Z", 971_211_336 * S),
        ("2000-10-10 22:55:36.250+02:00", 971_211_336_250_000_000),
        ("971211336", 971_211_336 * S),
        ("971211336.25", 971_211_336_250_000_000),
        (971_211_336, 971_211_336 * S),
        (971_211_336_250, 971_211_336_250_000_000),
        (971_211_336_250_000, 971_211_336_250_000_000),
        (971_211_336_250_000_000, 971_211_336_250_000_000),
        (971_211_336.25, 971_211_336_250_000_000),
        ("2000-13-10T20:55:36Z", None),
        ("yesterday", None),
        (True, None),
        (-5, None),
        (float("nan"), None),
        (None, None),
    ],
)
def test_times_of_all_kinds(text, ns):
    assert any_ns(text) == ns


@given(st.text(max_size=40) | st.integers() | st.floats() | st.booleans() | st.none())
def test_any_value_is_a_time_or_none_never_panic(value):
    at_ns = any_ns(value)
    assert at_ns is None or abs(at_ns) < 10**30
    assert common_log_ns(str(value)) is None


@given(st.text(max_size=60))
def test_any_text_is_a_clean_path_or_none_never_panic(text):
    path = clean_path(text)
    assert path.startswith("/")
    assert path.isascii()
    assert clean_path(path) == path
    split_url(text)


@pytest.mark.parametrize(
    ("path", "template"),
    [
        ("/", "/"),
        ("/products/17?x=1", "/products/{id}"),
        ("/u/6ba7b810-9dad-11d1-80b4-00c04fd430c8/a", "/u/{id}/a"),
        ("/img/123.png", "/img/{id}.png"),
        ("/static/app.js", "/static/app.js"),
        ("/by/ann@example.org", "/by/{id}"),
        ("/blob/da39a3ee5e6b4b0d", "/blob/{id}"),
        ("/api/v2/shopping-cart", "/api/v2/shopping-cart"),
    ],
)
def test_routes(path, template):
    assert route(path) == template


def test_what_a_trace_cannot_hold_is_escaped():
    assert escaped("a\tb\\n\nc") == "a\\tb\\\\n\\nc"


def test_an_access_log_becomes_a_trace(tmp_path):
    result = imported("access-log", ACCESS_LOG, tmp_path)
    assert (result.requests, [one.count for one in result.skipped]) == (5, [1, 1])
    rows = (tmp_path / "workload.trace.tsv").read_text().splitlines()
    assert rows[0] == "t\tpath\toperation"
    assert rows[1] == "0.000000000\tproducts/17?ref=mail\tGET /products/{id}"
    assert rows[3].startswith("1.250000000\t")
    assert "whole seconds" in result.warnings[0]
    assert config.load_workload(tmp_path / "workload.toml") == result.workload
    with pytest.raises(UsageError, match="exists already"):
        imported("access-log", ACCESS_LOG, tmp_path)


def test_a_compressed_log_is_read_and_a_damaged_one_told(tmp_path):
    packed = gzip.compress(ACCESS_LOG)
    assert imported("access-log", packed, tmp_path).requests == 5
    with pytest.raises(UsageError, match="damaged or cut short"):
        imported("access-log", packed[:-20], tmp_path, force=True)


def test_a_log_of_another_format_is_told_with_a_sample(tmp_path):
    with pytest.raises(UsageError, match="no request of this format: 11 lines") as told:
        imported("access-log", b'{"a": 1}\n' * 11, tmp_path)
    assert '{"a": 1}' in told.value.detail


def test_curl_commands(tmp_path):
    (tmp_path / "body.txt").write_text("b=2\n&c=3")
    requests, _ = read("curl", CURL, tmp_path)
    first, put, search, form = requests
    assert first.headers["Authorization"] == "Basic YW5uOnNlY3JldA=="
    assert first.headers["Cookie"] == "a=1; b=2"
    assert (put.method, put.body, put.timeout_ns) == ("PUT", b'{"name": "{name}"}', 2_500_000_000)
    assert (search.method, search.path, search.body) == ("GET", "/search?q=a%20b&r=c%26d", None)
    assert (form.method, form.body) == ("POST", b"a=1&b=2&c=3")


@pytest.mark.parametrize(
    ("command", "told"),
    [
        ("curl -F a=b http://x/", "multipart forms (-F)"),
        ("curl -T file http://x/", "uploads (-T)"),
        ("curl -x proxy http://x/", "not through a proxy"),
        ("curl --nonsense http://x/", "--nonsense is unknown"),
        ("curl -sQ", "-Q has no value"),
        ("curl -s", "has no URL"),
        ("curl ftp://x/", "no http://"),
        ("curl http://x/ -d @absent", "absent: cannot be read"),
        ("curl http://x/ -b jar.txt", "cookies from a file"),
        ("curl http://x/ -H @headers", "headers from a file"),
        ("curl 'http://x/", "a quote is not closed"),
        ("wget http://x/", "'wget' is no curl command"),
        ("curl http://x/ -m soon", "no time in seconds"),
        ("curl --http3 http://x/", "HTTP/3"),
    ],
)
def test_what_of_curl_cannot_be_imported_is_told(command, told, tmp_path):
    with pytest.raises(UsageError) as caught:
        imported("curl", command.encode(), tmp_path)
    assert told in caught.value.message


def test_words_of_a_shell():
    text = "curl a\\ b 'c d' \"e \\\"f\\\" \\$g\" $'h\\n\\u0041\\'' i#j \\\n k # l\ncurl m;curl n"
    assert commands(text) == [["curl", "a b", "c d", 'e "f" $g', "h\nA'", "i#j", "k"], ["curl", "m"], ["curl", "n"]]


def test_vegeta_keeps_paths_and_bodies_together(tmp_path):
    text = "".join(f"POST http://h/{number}\n@{number}.txt\n\n" for number in range(4))
    for number in range(4):
        (tmp_path / f"{number}.txt").write_text(f"body {number}")
    operations = imported("vegeta", text.encode(), tmp_path).workload.operations
    assert [(one.path, one.body) for one in operations] == [(f"/{n}", f"body {n}") for n in range(4)]


def test_many_paths_go_into_a_file_and_binary_bodies_into_a_folder(tmp_path):
    text = "".join(f"GET http://h/a/{number}\n\n" for number in range(50)) + "PUT http://h/b\n@bin\n"
    (tmp_path / "bin").write_bytes(b"\xff\x00")
    result = imported("vegeta", text.encode(), tmp_path)
    get, put = result.workload.operations
    assert get.data["path"] == Generator(choice="workload.paths-1.txt", encoded=True)
    assert len((tmp_path / "workload.paths-1.txt").read_text().splitlines()) == 50
    assert put.body_files == "workload.bodies-2/*.body"
    assert [path.read_bytes() for path in tmp_path.glob("workload.bodies-2/*")] == [b"\xff\x00"]


def test_without_times_a_rate_keeps_the_order(tmp_path):
    result = imported("vegeta", VEGETA, tmp_path, rate=10.0)
    rows = (tmp_path / "workload.trace.tsv").read_text().splitlines()
    assert [row.split("\t")[0] for row in rows[1:]] == ["0.000000000", "0.100000000", "0.200000000"]
    assert result.workload.trace is not None


def test_a_capture_keeps_to_one_host_and_says_what_it_leaves_out(tmp_path):
    result = imported("har", HAR, tmp_path)
    assert (result.requests, result.url) == (2, "https://shop.example")
    assert sorted(one.why.partition(" ")[0] for one in result.skipped) == ["a", "to"]
    other = imported("har", HAR, tmp_path, host="cdn.example", force=True)
    assert (other.requests, other.url) == (1, "https://cdn.example")


@pytest.mark.parametrize("cut", [50, 300, len(HAR) - 1])
def test_a_capture_that_is_cut_short_is_told(cut, tmp_path):
    with pytest.raises(UsageError, match="cut short"):
        imported("har", HAR[:cut], tmp_path)


def test_a_capture_of_nothing_is_told(tmp_path):
    with pytest.raises(UsageError, match="no entries"):
        imported("har", b"{}", tmp_path)


def test_a_long_body_of_a_capture_is_refused_not_cut(tmp_path):
    capture = json.loads(HAR)
    capture["log"]["entries"][0]["request"]["postData"] = {"text": "ä" * 600_000}
    _, notes = read("har", json.dumps(capture, ensure_ascii=False).encode())
    assert "a body of more than 256 KiB" in [one.why for one in notes.skipped]


@settings(deadline=None, max_examples=200)
@given(
    st.recursive(
        st.text(max_size=30) | st.integers() | st.none(),
        lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
        max_leaves=12,
    ),
    st.integers(13, 40),
    st.booleans(),
)
def test_cutting_leaves_json_json(value, piece, ascii_only):
    source = json.dumps(value, ensure_ascii=ascii_only).encode("utf-8", "surrogatepass")
    try:
        source.decode()
    except UnicodeDecodeError:
        return
    cut_source = CutSource(io.BytesIO(source), piece)
    cut = b"".join(iter(cut_source.read, b""))
    read_back = json.loads(cut)
    assert read_back == value or MARK in str(read_back)


def test_reasons_for_leaving_out_are_bounded_and_printable():
    notes = Notes()
    for number in range(100):
        notes.skip(number, f"why {number}", b"\x1b[31m\xff" * 100)
    assert (len(notes.skipped), notes.skipped_count) == (21, 100)
    assert all(one.example.isprintable() for one in notes.skipped)


def test_a_workload_is_written_as_it_is_read(tmp_path):
    text = (Path(__file__).parents[4] / "docs/workloads.md").read_text(encoding="utf-8")
    workload = config.parse_workload(text.split("```toml\n")[1].split("```")[0], Path("w.toml"))
    assert config.parse_workload(workload_text(workload, comments=("a", "b")), Path("w.toml")) == workload
