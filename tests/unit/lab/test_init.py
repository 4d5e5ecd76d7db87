"""`tailtune init`: the file it writes is read back, starts the right program, and replaces nothing."""

from pathlib import Path

import pytest

from tailtune import config
from tailtune.errors import SetupError, UsageError
from tailtune.lab.init import init
from tailtune.model.project import Language

SERVICE = 'package main\n\nimport ("flag"; "net/http")\n\nfunc main() {\n%s\nhttp.ListenAndServe(a, nil)\n}\n'
RUST = '[package]\nname = "api"\nversion = "0.1.0"\n'


@pytest.fixture(autouse=True)
def _without_tools(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> None:
    monkeypatch.setenv("PATH", str(tmp_path_factory.mktemp("empty")))


def write(root: Path, files: dict[str, str]) -> None:
    for name, content in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content, encoding="utf-8")


def test_go_service(tmp_path):
    body = 'a := flag.String("addr", ":8080", "")\nhttp.HandleFunc("/health", nil)\nhttp.HandleFunc("/search", nil)'
    write(tmp_path, {"go.mod": "module example.com/x\n", "cmd/api/main.go": SERVICE % body})
    result = init(tmp_path)
    project = config.load(Path(result.path))
    assert project.service.language is Language.GO
    assert project.service.package == "./cmd/api"
    assert project.service.args == ["-addr=127.0.0.1:{port}"]
    assert project.service.ready.path == "/health"
    assert project.service.pprof == ""
    (operation,) = project.workloads["default"].operations
    assert (operation.name, operation.path) == ("search", "/search")
    assert "Go service api" in result.service
    assert any("flag -addr" in guess for guess in result.guesses)
    assert result.next[0].command == "tailtune run"


def test_in_git_the_last_commit_can_be_compared_with_an_edit_at_once(tmp_path):
    write(tmp_path, {"go.mod": "module x\n", "main.go": SERVICE % "", ".git/HEAD": "ref: refs/heads/main\n"})
    result = init(tmp_path)
    assert config.load(Path(result.path)).variants == {}
    assert result.next[-1].command == "tailtune compare HEAD worktree"


def test_pprof_is_left_on_where_it_is_imported(tmp_path):
    main = 'package main\n\nimport _ "net/http/pprof"\n\nfunc main() { http.ListenAndServe(":8080", nil) }\n'
    write(tmp_path, {"go.mod": "module x\n", "main.go": main})
    project = config.load(Path(init(tmp_path).path))
    assert project.service.pprof == "/debug/pprof"
    assert (project.service.port, project.service.package) == (8080, ".")


def test_rust_service_in_a_folder(tmp_path):
    main = 'fn main() { match a { "--port" => p } TcpListener::bind(x); r.route("/", get(x)) }'
    write(tmp_path, {"server/Cargo.toml": RUST, "server/src/main.rs": main})
    project = config.load(Path(init(tmp_path).path))
    assert project.service.language is Language.RUST
    assert (project.service.package, project.service.binary, project.service.workdir) == ("api", "api", "server")
    assert project.service.args == ["--port", "{port}"]
    assert project.service.ready.path == "/"


def test_command(tmp_path):
    result = init(tmp_path, command=["./my server", "--port", "{port}", "--quote", 'a"\\b'])
    service = config.load(Path(result.path)).service
    assert service.language is Language.COMMAND
    assert service.binary == "./my server"
    assert service.args == ["--port", "{port}", "--quote", 'a"\\b']
    assert service.ready.path == ""


def test_a_command_without_port_gets_the_usual_variable(tmp_path):
    result = init(tmp_path, command=["./server"])
    assert config.load(Path(result.path)).service.env == {"PORT": "{port}"}
    assert any("PORT" in guess for guess in result.guesses)


def test_a_service_that_says_nothing_of_its_port(tmp_path):
    write(tmp_path, {"go.mod": "module x\n", "main.go": SERVICE % ""})
    result = init(tmp_path)
    assert config.load(Path(result.path)).service.env == {"PORT": "{port}"}
    assert any("nothing says" in guess for guess in result.guesses)


def test_several_services(tmp_path):
    files = {f"cmd/{name}/main.go": SERVICE % 'flag.Int("port", 1, "")' for name in ("api", "worker")}
    write(tmp_path, {"go.mod": "module x\n", "cmd/admin/main.go": "package main\n\nfunc main() {}\n", **files})
    assert any("worker" in guess for guess in init(tmp_path).guesses)
    init(tmp_path, force=True, service="worker")
    assert config.load(tmp_path / config.FILE_NAME).service.package == "./cmd/worker"
    with pytest.raises(UsageError, match="no program called `wroker`; found: `api`, `worker`, `admin`"):
        init(tmp_path, force=True, service="wroker")


def test_a_program_that_serves_nothing_is_said_to(tmp_path):
    write(tmp_path, {"go.mod": "module x\n", "main.go": "package main\n\nfunc main() {}\n"})
    assert "nothing in its sources listens" in init(tmp_path).guesses[0]


def test_an_existing_file_is_kept(tmp_path):
    path = tmp_path / config.FILE_NAME
    path.write_text("# mine\n")
    with pytest.raises(UsageError, match="exists already") as caught:
        init(tmp_path, command=["./server"])
    assert "--force" in caught.value.hint
    assert path.read_text() == "# mine\n"
    init(tmp_path, command=["./server"], force=True)
    assert config.load(path).service.binary == "./server"
    assert sorted(tmp_path.iterdir()) == [path]


def test_nothing_to_measure(tmp_path):
    with pytest.raises(UsageError, match="no Go or Rust program found") as caught:
        init(tmp_path)
    assert "tailtune init -- " in caught.value.hint
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_cannot_be_written(tmp_path):
    with pytest.raises(SetupError, match="cannot be written"):
        init(tmp_path / "absent", command=["./server"])
