"""Reading tailtune.toml: what is read, and what every kind of mistake is told."""

from pathlib import Path

import msgspec
import pytest

from tailtune import config
from tailtune.errors import ConfigError, UsageError
from tailtune.model.project import Language, Variant
from tailtune.model.units import Duration
from tailtune.model.workload import Arrival

GOOD = """
[service]
language = "go"
package = "./cmd/api"
args = ["-addr", "127.0.0.1:{port}"]
ready = { path = "/health", timeout = "5s" }

[workloads.default]
rate = 200
duration = "1m30s"
operations = [
    { name = "search", weight = 3, path = "/search?q={word}", data = { word = ["a", "b"] } },
    { name = "render", method = "POST", path = "/render", body = '{"id": "{word}"}', data = { word = "words.txt" } },
]

[goals]
p99 = "20ms"
"p99.9" = "50ms"

[variants.fast]
tags = ["fast"]
"""


def write(directory: Path, text: str) -> Path:
    path = directory / config.FILE_NAME
    path.write_text(text, encoding="utf-8")
    return path


def test_reads_what_is_written(tmp_path):
    project = config.load(write(tmp_path, GOOD))
    workload = config.workload(project, "default")
    assert project.service.language is Language.GO
    assert project.service.ready.timeout == Duration.parse("5s")
    assert project.goals.p999 == 50_000_000
    assert (workload.rate_per_s, workload.duration, workload.arrival) == (200.0, 90_000_000_000, Arrival.POISSON)
    assert [operation.weight for operation in workload.operations] == [3.0, 1.0]
    assert config.variant(project, "fast") == Variant(tags=["fast"])
    assert config.variant(project, "base") == Variant()


# What is put in place of what, the key that must be named, and words that must be told.
MISTAKES = [
    # unknown keys
    ("rate = 200", "rats = 200", "workloads.default.rats", "did you mean `rate`?"),
    ("package =", "pakage =", "service.pakage", "did you mean `package`?"),
    ("weight = 3", "wieght = 3", "workloads.default.operations[0].wieght", "did you mean `weight`?"),
    ("[goals]", "[gaols]", "gaols", "did you mean `goals`?"),
    ("tags =", "tag =", "variants.fast.tag", "did you mean `tags`?"),
    ('path = "/health"', 'url = "/health"', "service.ready.url", "`path`, `status`, `timeout`"),
    # missing keys
    ('language = "go"', "", "service.language", 'one of "go", "rust", "command"'),
    ('name = "render", ', "", "workloads.default.operations[1].name", "text in quotes"),
    # wrong types and units
    ('language = "go"', 'language = "golang"', "service.language", "did you mean `go`?"),
    ('duration = "1m30s"', "duration = 90", "workloads.default.duration", "a duration in quotes"),
    ('duration = "1m30s"', 'duration = "90"', "workloads.default.duration", '"1.5s"'),
    ('duration = "1m30s"', 'duration = "90 parsecs"', "workloads.default.duration", "250us"),
    ('p99 = "20ms"', 'p99 = "20"', "goals.p99", "a duration in quotes"),
    ('"p99.9" = "50ms"', '"p99.9" = 50', 'goals."p99.9"', "a duration in quotes"),
    ("rate = 200", 'rate = "200/s"', "workloads.default.rate", "a number"),
    ("weight = 3", "weight = true", "workloads.default.operations[0].weight", "a number"),
    ('args = ["-addr", "127.0.0.1:{port}"]', 'args = "{port}"', "service.args", "an array of text"),
    ('args = ["-addr", "127.0.0.1:{port}"]', 'args = ["{port}", 1]', "service.args[1]", "text in quotes"),
    ('tags = ["fast"]', 'tags = "fast"', "variants.fast.tags", "an array of text"),
    ('word = ["a", "b"]', "word = 1", "workloads.default.operations[0].data.word", "text in quotes or an array"),
    ('ready = { path = "/health", timeout = "5s" }', 'ready = "/health"', "service.ready", "a table"),
    # impossible values
    ("rate = 200", "rate = 0", "workloads.default.rate", "> 0"),
    ("rate = 200", "rate = -3.5", "workloads.default.rate", "> 0"),
    ("rate = 200", "rate = inf", "workloads.default.rate", "> 0"),
    ("rate = 200", "rate = nan", "workloads.default.rate", "> 0"),
    ("rate = 200", "rate = 1e9", "workloads.default.duration", "100,000,000 requests"),
    ("rate = 200", "rate = 0.001", "workloads.default.duration", "from 1 to"),
    ("rate = 200", "rate = 200\nseed = -1", "workloads.default.seed", "from 0"),
    ("rate = 200", "rate = 200\nmax_connections = 0", "workloads.default.max_connections", "from 1 to 65535"),
    ('duration = "1m30s"', 'duration = "0s"', "workloads.default.duration", "> 0"),
    ("weight = 3", "weight = 0", "workloads.default.operations[0].weight", "> 0"),
    ('timeout = "5s"', 'timeout = "0ms"', "service.ready.timeout", "> 0"),
    ('timeout = "5s"', "status = 99", "service.ready.status", "from 200 to 599"),
    ('path = "/health"', 'path = "health"', "service.ready.path", "begins with /"),
    ('p99 = "20ms"', 'p99 = "0ms"', "goals.p99", "> 0"),
    ('name = "render"', 'name = "search"', "workloads.default.operations[1].name", "a name of its own"),
    ('name = "render"', 'name = " "', "workloads.default.operations[1].name", "a name for reports"),
    ('path = "/render"', 'path = "/a b"', "workloads.default.operations[1].path", "without white space"),
    ('path = "/render"', 'path = "http://x/"', "workloads.default.operations[1].path", "begins with /"),
    ('method = "POST"', 'method = "post"', "workloads.default.operations[1].method", '"GET"'),
    ('method = "POST"', 'method = "GET / HTTP"', "workloads.default.operations[1].method", '"GET"'),
    ("weight = 3", "expected_status = 100", "workloads.default.operations[0].expected_status", "from 200 to 599"),
    ("weight = 3", 'headers = { "a b" = "c" }', 'workloads.default.operations[0].headers."a b"', "letters"),
    ("weight = 3", 'headers = { a = "b\\r\\nc: d" }', "workloads.default.operations[0].headers.a", "one line"),
    ("{word}", "{wrod}", "workloads.default.operations[0].path", "did you mean `word`?"),
    ('data = { word = "words.txt" }', "weight = 1", "workloads.default.operations[1].body", "{word} has no data"),
    ("{word}", "{word", "workloads.default.operations[0].path", "the placeholder {word}"),
    ("weight = 3", 'headers = { a = "{b}" }', "workloads.default.operations[0].headers.a", "{b} has no data"),
    ('word = ["a", "b"]', "word = []", "workloads.default.operations[0].data.word", "an array of values"),
    ('method = "POST"', 'body_files = "*.md"', "workloads.default.operations[1].body_files", "either"),
    ("weight = 3", 'body_files = ""', "workloads.default.operations[0].body_files", "a glob"),
    ("weight = 3", 'body_files = "/tmp/*"', "workloads.default.operations[0].body_files", "relative"),
    ('args = ["-addr", "127.0.0.1:{port}"]', "", "service.args", "{port}"),
    ('args = ["-addr"', 'port = 70000\nargs = ["-addr"', "service.port", "65535"),
    ('args = ["-addr"', 'pprof = "debug"\nargs = ["-addr"', "service.pprof", "begins with /"),
    ('args = ["-addr"', 'pprof = ":{pprof_port}/debug"\nargs = ["-addr"', "service.pprof", "neither `args` nor `env`"),
    ('args = ["-addr"', 'args = ["{pprof_port}", "-addr"', "service.args", "`pprof` does not"),
    ('args = ["-addr"', 'workdir = "nowhere"\nargs = ["-addr"', "service.workdir", "an existing directory"),
    ('args = ["-addr"', 'env = { "A=B" = "c" }\nargs = ["-addr"', 'service.env."A=B"', "without `=`"),
    ("[variants.fast]", "[variants.base]", "variants.base", "any other name"),
    ("[variants.fast]", '[variants."a/b"]', 'variants."a/b"', "letters, digits"),
    ('tags = ["fast"]', 'args = ["-quiet"]', "variants.fast.args", "{port}"),
    ('tags = ["fast"]', 'tags = ["fast"]\nbinary = "old"', "variants.fast.tags", "`binary` without `tags`"),
    ('tags = ["fast"]', 'goamd64 = "v9"', "variants.fast.goamd64", '"v1"'),
    ('tags = ["fast"]', "layout_seed = 0", "variants.fast.layout_seed", "1 to 4294967295"),
    # keys of another language
    ('package = "./cmd/api"', 'binary = "api"', "service.binary", '"command" or "rust"'),
    ('tags = ["fast"]', 'features = ["fast"]', "variants.fast.features", 'only with language "rust"'),
    ('tags = ["fast"]', "default_features = true", "variants.fast.default_features", 'only with language "rust"'),
    ('language = "go"', 'language = "rust"', "variants.fast.tags", 'only with language "go"'),
    ('tags = ["fast"]', 'target_cpu = "native"', "variants.fast.target_cpu", 'only with language "rust"'),
    ('package = "./cmd/api"', "", None, ""),
]


@pytest.mark.parametrize(("old", "new", "key", "told"), MISTAKES, ids=[f"{m[2]}: {m[1]}" for m in MISTAKES])
def test_each_mistake_names_file_key_and_what_is_accepted(tmp_path, old, new, key, told):
    assert old in GOOD
    path = write(tmp_path, GOOD.replace(old, new, 1))
    if key is None:
        assert config.load(path)
        return
    with pytest.raises(ConfigError) as caught:
        config.load(path)
    error = caught.value
    assert error.message.startswith(f"{path}: {key}: ")
    assert "; accepted: " in error.message
    assert told in f"{error.message} {error.hint}"
    assert error.exit_code == 2


@pytest.mark.parametrize(
    ("text", "place", "told"),
    [
        ("[service\n", ":1:", "not TOML"),
        ('[service]\nlanguage = "go\n', ":2:", "not TOML"),
        ("[service]\nlanguage =", ":2:11:", "not TOML"),
        ("a = 1\na = 2\nb = 3\n", ":", "not TOML"),
        ("", "service", "is missing"),
    ],
)
def test_unreadable_toml_names_line_and_column(tmp_path, text, place, told):
    path = write(tmp_path, text)
    with pytest.raises(ConfigError) as caught:
        config.load(path)
    assert str(path) in caught.value.message
    assert place in caught.value.message
    assert told in caught.value.message


def test_unquoted_dotted_goal_is_explained(tmp_path):
    text = GOOD.replace('p99 = "20ms"\n"p99.9" = "50ms"', 'p99.9 = "50ms"')
    with pytest.raises(ConfigError, match=r'goals\."p99\.9"') as caught:
        config.load(write(tmp_path, text))
    assert caught.value.hint == 'write the key in quotes: "p99.9"'


def test_not_utf8_names_the_byte(tmp_path):
    path = tmp_path / config.FILE_NAME
    path.write_bytes(b'[service]\nlanguage = "g\xf6"\n')
    with pytest.raises(ConfigError, match=r":2:14: not UTF-8 text.*0xf6"):
        config.load(path)


def test_missing_file_and_directory(tmp_path):
    with pytest.raises(ConfigError, match="no such file") as caught:
        config.load(tmp_path / "absent.toml")
    assert "tailtune init" in caught.value.hint
    with pytest.raises(ConfigError, match="cannot be read"):
        config.load(tmp_path)


def test_all_mistakes_are_told_at_once(tmp_path):
    text = GOOD.replace("rate = 200", "rate = 0").replace("weight = 3", "weight = -1")
    with pytest.raises(ConfigError, match="rate") as caught:
        config.load(write(tmp_path, text))
    assert "workloads.default.operations[0].weight" in caught.value.detail


def test_empty_operations_and_workloads(tmp_path):
    service = '[service]\nlanguage = "go"\nport = 8080\n'
    with pytest.raises(ConfigError, match=r"workloads\.default\.operations: is empty"):
        config.load(write(tmp_path, service + "[workloads.default]\noperations = []\n"))
    with pytest.raises(ConfigError, match="workloads: is empty"):
        config.load(write(tmp_path, service + "[workloads]\n"))


def test_a_command_needs_its_executable_and_builds_nothing(tmp_path):
    workload = '[[workloads.default.operations]]\nname = "get"\n'
    head = '[service]\nlanguage = "command"\nport = 8080\n'
    with pytest.raises(ConfigError, match=r"service\.binary: is missing"):
        config.load(write(tmp_path, head + workload))
    with pytest.raises(ConfigError, match=r"variants\.old\.git_ref"):
        config.load(write(tmp_path, head + 'binary = "./api"\n' + workload + '[variants.old]\ngit_ref = "v1"\n'))


def test_go_keys_are_refused_for_rust(tmp_path):
    text = '[service]\nlanguage = "rust"\nport = 8080\npprof = "/debug/pprof"\n[workloads.default]\noperations = []\n'
    with pytest.raises(ConfigError, match=r"service\.pprof: means nothing to a service whose language is \"rust\""):
        config.load(write(tmp_path, text))


def test_find_walks_up(tmp_path):
    deep = tmp_path / "a" / "b"
    deep.mkdir(parents=True)
    path = write(tmp_path, GOOD)
    assert config.find(deep) == path
    nearer = write(tmp_path / "a", GOOD)
    assert config.find(deep) == nearer


def test_find_says_where_it_looked(tmp_path):
    with pytest.raises(ConfigError, match="or above") as caught:
        config.find(tmp_path)
    assert str(tmp_path) in caught.value.message


def test_unknown_names_list_the_known_ones(tmp_path):
    project = config.load(write(tmp_path, GOOD))
    with pytest.raises(UsageError, match="unknown variant `fats`; known: `base`, `fast`") as caught:
        config.variant(project, "fats")
    assert caught.value.hint == "did you mean `fast`?"
    with pytest.raises(UsageError, match="unknown variant `before`") as caught:
        config.variant(project, "before")
    assert "[variants.before]" in caught.value.hint
    with pytest.raises(UsageError, match="unknown workload `peak`; known: `default`"):
        config.workload(project, "peak")


def test_default_workload(tmp_path):
    project = config.load(write(tmp_path, GOOD))
    only = project.workloads["default"]
    assert config.default_workload(project) == "default"
    renamed = msgspec.structs.replace(project, workloads={"peak": only})
    assert config.default_workload(renamed) == "peak"
    several = msgspec.structs.replace(project, workloads={"peak": only, "night": only})
    with pytest.raises(UsageError, match="several workloads"):
        config.default_workload(several)


def test_the_examples_load():
    root = Path(__file__).parents[3]
    files = sorted(root.glob("examples/*/tailtune.toml"))
    assert {path.parent.name for path in files} >= {"go-markdown", "rust-search"}
    for path in files:
        assert config.variant(config.load(path), "fast") != Variant()
