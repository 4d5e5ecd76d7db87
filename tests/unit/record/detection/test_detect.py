"""A look at small repositories, with and without the toolchains to ask."""

import os
from pathlib import Path

import pytest

from tailtune.model.detected import Benchmarks, Module
from tailtune.model.project import Language
from tailtune.record.detection.detect import MAX_DEPTH, detect

GO_API = """package main

import (
	"flag"
	"net/http"
	_ "net/http/pprof"
	"os"
)

// http.ListenAndServe(":1", nil) in a comment counts for nothing.
func main() {
	redis := flag.String("redis-addr", "127.0.0.1:6379", "")
	addr := flag.String("addr", ":8080", "where to listen")
	flag.Parse()
	_ = os.Getenv("DB_PORT")
	http.HandleFunc("GET /healthz", nil)
	http.HandleFunc("GET /users/{id}", nil)
	http.HandleFunc("/search", nil)
	http.ListenAndServe(*addr, nil)
}
"""
GO_TOOL = 'package main\n\nimport "fmt"\n\nfunc main() { fmt.Println("no service") }\n'
GO_TEST = (
    "package main\n\nfunc BenchmarkA(b *testing.B) {}\nfunc BenchmarkB(b *testing.B) {}\nfunc TestC(t *testing.T) {}\n"
)
CARGO = """[package]
name = "api"
version = "0.1.0"
edition = "2021"

[dependencies]
axum = "0.8"
mimalloc = "0.1"

[dev-dependencies]
criterion = "0.5"

[[bench]]
name = "parse"
harness = false

[profile.release]
debug = "line-tables-only"
"""
RUST_MAIN = """
#[global_allocator]
static GLOBAL: mimalloc::MiMalloc = mimalloc::MiMalloc;

#[derive(clap::Parser)]
struct Options {
    #[arg(long, default_value = "127.0.0.1:6379")]
    redis_addr: String,
    /// Port to listen on.
    #[arg(short, long, env = "PORT", default_value_t = 3000)]
    pub listen_port: u16,
}

async fn main() {
    let app = axum::Router::new().route("/", get(root)).route("/users/{id}", get(user)).route("/new", post(new));
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", options.listen_port)).await.unwrap();
    axum::serve(listener, app).await.unwrap();
}
"""


def write(root: Path, files: dict[str, str]) -> Path:
    for name, content in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content, encoding="utf-8")
    return root


def snapshot(root: Path) -> dict[str, tuple[int, int]]:
    return {str(path): (path.stat().st_size, path.stat().st_mtime_ns) for path in sorted(root.rglob("*"))}


@pytest.fixture
def without_tools(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> None:
    monkeypatch.setenv("PATH", str(tmp_path_factory.mktemp("empty")))


def only(root: Path) -> Module:
    (module,) = detect(root).modules
    return module


GO_REPOSITORY = {
    "go.mod": "module example.com/shop/v2\n\ngo 1.21\n\nrequire github.com/go-chi/chi/v5 v5.0.0\n",
    "cmd/api/main.go": GO_API,
    "cmd/api/main_test.go": GO_TEST,
    "cmd/tool/main.go": GO_TOOL,
    "tools/generate.go": "//go:build ignore\n\npackage main\n\nfunc main() {}\n",
    "vendor/x/main.go": GO_API,
}


def check_go_repository(module: Module) -> None:
    assert (module.language, module.path, module.name) == (Language.GO, ".", "example.com/shop/v2")
    assert module.pprof is True
    assert module.benchmarks == [Benchmarks(tool="go test", count=2)]
    assert module.frameworks == ["go-chi/chi"]
    api, tool = module.programs
    assert (api.name, api.package, api.serves, api.port) == ("api", "./cmd/api", True, 8080)
    assert api.args == ["-addr=127.0.0.1:{port}"]
    assert api.env == {}
    assert api.paths == ["/healthz", "/search"]
    assert api.told_by == "cmd/api/main.go:13: flag -addr"
    assert (tool.name, tool.package, tool.serves, tool.args) == ("tool", "./cmd/tool", False, [])


@pytest.mark.usefixtures("without_tools")
def test_go_repository_without_go(tmp_path):
    check_go_repository(only(write(tmp_path, GO_REPOSITORY)))


@pytest.mark.real
def test_go_repository_with_go_and_unchanged(tmp_path):
    root = write(tmp_path, GO_REPOSITORY)
    before = snapshot(root)
    check_go_repository(only(root))
    assert snapshot(root) == before


def check_rust_repository(module: Module) -> None:
    assert (module.language, module.path, module.name) == (Language.RUST, ".", "api")
    assert module.allocator == "mimalloc"
    assert module.frameworks == ["axum"]
    assert module.release_debug_info is True
    assert module.benchmarks == [Benchmarks(tool="criterion", count=1)]
    (api,) = module.programs
    assert (api.name, api.package, api.binary, api.serves, api.port) == ("api", "api", "api", True, 3000)
    assert api.args == ["--listen-port", "{port}"]
    assert api.paths == ["/"]
    assert api.told_by == "src/main.rs:10: argument --listen-port"


RUST_REPOSITORY = {
    "Cargo.toml": CARGO,
    "src/main.rs": RUST_MAIN,
    "benches/parse.rs": "fn main() {}",
    "target/debug/build/main.rs": RUST_MAIN,
}


@pytest.mark.usefixtures("without_tools")
def test_rust_repository_without_cargo(tmp_path):
    check_rust_repository(only(write(tmp_path, RUST_REPOSITORY)))


@pytest.mark.real
def test_rust_repository_with_cargo_and_unchanged(tmp_path):
    root = write(tmp_path, RUST_REPOSITORY)
    before = snapshot(root)
    check_rust_repository(only(root))
    assert snapshot(root) == before


@pytest.mark.real
def test_a_workspace_is_one_module(tmp_path):
    write(
        tmp_path,
        {
            "Cargo.toml": '[workspace]\nresolver = "2"\nmembers = ["one", "two"]\n',
            "one/Cargo.toml": '[package]\nname = "one"\nversion = "0.1.0"\n[dev-dependencies]\ndivan = "0.1"\n',
            "one/src/lib.rs": "",
            "one/benches/b.rs": "",
            "two/Cargo.toml": '[package]\nname = "two"\nversion = "0.1.0"\n[dependencies]\nmimalloc = "0.1"\n',
            "two/src/main.rs": "fn main() {}",
            "two/src/bin/extra.rs": 'fn main() { std::net::TcpListener::bind("0.0.0.0:9000"); }',
        },
    )
    module = only(tmp_path)
    assert module.name == "one, two"
    assert {program.binary: (program.serves, program.port) for program in module.programs} == {
        "two": (False, 0),
        "extra": (True, 9000),
    }
    assert module.benchmarks == [Benchmarks(tool="divan", count=1)]
    assert module.allocator == ""  # depended on, but not installed
    assert module.release_debug_info is False


GO_HEAD = 'package main\n\nimport "net/http"\n\nfunc main() {\n'


@pytest.mark.usefixtures("without_tools")
@pytest.mark.parametrize(
    ("body", "port", "args", "env"),
    [
        ('http.ListenAndServe(":8081", nil)', 8081, [], {}),
        ('http.ListenAndServe(":"+os.Getenv("PORT"), nil)', 0, [], {"PORT": "{port}"}),
        ('http.ListenAndServe(os.Getenv("LISTEN_ADDR"), nil)', 0, [], {"LISTEN_ADDR": "127.0.0.1:{port}"}),
        ('p := flag.Int("port", 9090, ""); http.ListenAndServe(x, nil)', 9090, ["-port={port}"], {}),
        (
            'flag.StringVar(&cfg.addr, "listen", "", ""); http.ListenAndServe(x, nil)',
            0,
            ["-listen=127.0.0.1:{port}"],
            {},
        ),
        ('cmd.Flags().IntVarP(&p, "port", "p", 7070, ""); http.ListenAndServe(x, nil)', 7070, ["--port={port}"], {}),
        ('flag.String("port", ":4000", ""); http.ListenAndServe(x, nil)', 4000, ["-port=:{port}"], {}),
        ('r := gin.Default(); r.Run(":5000")', 5000, [], {}),
        ('s := &http.Server{Addr: "127.0.0.1:6000"}; s.ListenAndServe()', 6000, [], {}),
        ('flag.String("metrics-addr", ":9100", ""); http.ListenAndServe(":8082", nil)', 8082, [], {}),
    ],
)
def test_ways_to_tell_a_go_service_its_port(tmp_path, body, port, args, env):
    (program,) = only(write(tmp_path, {"go.mod": "module x\n", "main.go": GO_HEAD + body + "\n}\n"})).programs
    assert program.serves
    assert (program.port, program.args, program.env) == (port, args, env)


@pytest.mark.usefixtures("without_tools")
@pytest.mark.parametrize(
    ("body", "port", "args", "env"),
    [
        ('TcpListener::bind("127.0.0.1:3000")', 3000, [], {}),
        ("let a = SocketAddr::from(([0, 0, 0, 0], 3001)); axum::serve(a)", 3001, [], {}),
        ('TcpListener::bind(env::var("PORT"))', 0, [], {"PORT": "{port}"}),
        ('Arg::new("p").long("port").default_value("8080"); TcpListener::bind(x)', 8080, ["--port", "{port}"], {}),
        ('match a { "--addr" => 1 } TcpListener::bind(x)', 0, ["--addr", "127.0.0.1:{port}"], {}),
        (
            '#[arg(env = "HTTP_PORT", default_value_t = 81)]\nport: u16, } TcpListener::bind(x)',
            81,
            [],
            {"HTTP_PORT": "{port}"},
        ),
        (
            '#[arg(long_help = "x", long = "bind")]\nb: SocketAddr, } TcpListener::bind(x)',
            0,
            ["--bind", "127.0.0.1:{port}"],
            {},
        ),
    ],
)
def test_ways_to_tell_a_rust_service_its_port(tmp_path, body, port, args, env):
    files = {"Cargo.toml": '[package]\nname = "x"\nversion = "0.1.0"\n', "src/main.rs": f"fn main() {{ {body} }}"}
    (program,) = only(write(tmp_path, files)).programs
    assert program.serves
    assert (program.port, program.args, program.env) == (port, args, env)


@pytest.mark.usefixtures("without_tools")
def test_a_go_program_serves_what_the_packages_that_it_imports_serve(tmp_path):
    write(
        tmp_path,
        {
            "go.mod": "module example.com/shop\n",
            "cmd/api/main.go": 'package main\n\nimport "example.com/shop/internal/app"\n\nfunc main() { app.Run() }\n',
            "cmd/tool/main.go": 'package main\n\nimport "example.com/shop/internal/text"\n\nfunc main() {}\n',
            "internal/app/app.go": 'package app\n\nimport "example.com/shop/internal/web"\n',
            "internal/web/web.go": 'package web\n\nfunc f() { http.ListenAndServe(":"+os.Getenv("PORT"), nil) }\n',
            "internal/text/text.go": "package text\n",
        },
    )
    api, tool = only(tmp_path).programs
    assert (api.name, api.serves, api.env) == ("api", True, {"PORT": "{port}"})
    assert api.evidence[0] == "internal/web/web.go:3: listens"
    assert (tool.name, tool.serves, tool.env) == ("tool", False, {})


@pytest.mark.usefixtures("without_tools")
def test_a_go_program_takes_the_flags_of_the_package_that_is_its_main_in_all_but_name(tmp_path):
    write(
        tmp_path,
        {
            "go.mod": "module example.com/shop\n",
            "main.go": 'package main\n\nimport "example.com/shop/cmd"\n\nfunc main() { cmd.Main() }\n',
            "cmd/cmd.go": 'package cmd\n\nfunc Main() { fs.IntVar(&port, "port", 80, ""); http.Serve(l, nil) }\n',
        },
    )
    (shop,) = only(tmp_path).programs
    assert shop.args == ["-port={port}"]
    assert shop.told_by == "cmd/cmd.go:3: flag -port"


@pytest.mark.usefixtures("without_tools")
def test_each_module_of_a_repository_owns_its_files(tmp_path):
    write(
        tmp_path,
        {
            "go.mod": "module outer\n",
            "main.go": GO_TOOL,
            "inner/go.mod": "module inner\n",
            "inner/main.go": GO_API,
            "inner/tailtune.toml": "",
            "README.md": "",
        },
    )
    found = detect(tmp_path)
    outer, inner = found.modules
    assert ([program.name for program in outer.programs], outer.pprof) == (["outer"], False)
    assert ([program.name for program in inner.programs], inner.pprof) == (["inner"], True)
    assert (found.config, found.configs) == ("", ["inner/tailtune.toml"])
    assert detect(tmp_path / "inner").config == str(tmp_path / "inner" / "tailtune.toml")


def test_nothing_here(tmp_path):
    found = detect(tmp_path)
    assert (found.modules, found.warnings, found.config) == ([], [], "")


@pytest.mark.usefixtures("without_tools")
def test_limits_are_said(tmp_path, monkeypatch):
    deep = "/".join(f"d{n}" for n in range(MAX_DEPTH + 1))
    write(tmp_path, {f"{deep}/go.mod": "module deep\n"})
    found = detect(tmp_path)
    assert found.modules == []
    assert "deeper than" in found.warnings[0]
    write(tmp_path, {f"f{n}.txt": "" for n in range(5)})
    monkeypatch.setattr("tailtune.record.detection.detect.MAX_FILES", 3)
    assert "only the first 3 files" in detect(tmp_path).warnings[0]


@pytest.mark.usefixtures("without_tools")
def test_broken_files_do_no_harm(tmp_path):
    write(
        tmp_path,
        {"Cargo.toml": "[package\n", "a/Cargo.toml": "[package]\nname = 3\n", "b/go.mod": "", "b/main.go": "package"},
    )
    (tmp_path / "b" / "x.go").symlink_to(tmp_path / "nowhere")
    os.mkfifo(tmp_path / "b" / "pipe.go")
    (module,) = detect(tmp_path).modules
    assert (module.language, module.name, module.programs) == (Language.GO, "b", [])
