"""Small services in git repositories of their own, for tests that build them in several ways."""

import subprocess
from pathlib import Path

from tailtune.model.project import Language, Service

GO_SERVICE = Service(language=Language.GO, package=".", args=["{port}"])
RUST_SERVICE = Service(language=Language.RUST, args=["{port}"])

GO = """package main

import (
	"fmt"
	"net/http"
	"os"
)

var version = "none"

//go:noinline
func churn(rounds int) (sum uint64) {
	for i := 0; i < rounds; i++ {
		sum = sum*31 + step(uint64(i))
	}
	return sum
}

//go:noinline
func step(i uint64) uint64 { return i ^ i>>3 }

func main() {
	if len(os.Args) < 2 {
		fmt.Print(word, " ", version)
		return
	}
	http.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, word, churn(200000)) })
	http.ListenAndServe("127.0.0.1:"+os.Args[1], nil)
}
"""
GO_WORD = 'package main\n\nconst word = "one"\n'
RUST = """use std::io::{Read, Write};

const WORD: &str = "one";

#[inline(never)]
fn churn(rounds: u64, bytes: &[u8]) -> u64 {
    (0..rounds).fold(0, |sum: u64, i| sum.wrapping_mul(31) ^ u64::from(bytes[i as usize % bytes.len()]))
}

fn main() {
    let Some(port) = std::env::args().nth(1) else {
        print!("{WORD} {} {}", cfg!(panic = "abort"), cfg!(marked));
        return;
    };
    let listener = std::net::TcpListener::bind(format!("127.0.0.1:{port}")).unwrap();
    for stream in listener.incoming() {
        let mut stream = stream.unwrap();
        std::thread::spawn(move || {
            let mut request = [0; 4096];
            while let Ok(length @ 1..) = stream.read(&mut request) {
                let body = format!("{WORD} {}", churn(20_000, &request[..length]));
                let _ = write!(stream, "HTTP/1.1 200 OK\\r\\nContent-Length: {}\\r\\n\\r\\n{body}", body.len());
            }
        });
    }
}
"""


def git(folder: Path, *arguments: str) -> str:
    """Run git under a name of the tests' own."""
    identity = ["-c", "user.name=t", "-c", "user.email=t@example.org", "-c", "init.defaultBranch=main"]
    return subprocess.run(["git", *identity, *arguments], cwd=folder, check=True, capture_output=True, text=True).stdout


def committed(folder: Path, files: dict[str, str]) -> Path:
    """Make a repository with one commit."""
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    git(folder, "init")
    git(folder, "add", ".")
    git(folder, "commit", "-m", "first")
    return folder


def go_repository(folder: Path) -> Path:
    """Make one with a service of Go's standard library; `word.go` holds what it answers."""
    module = "module example.org/small\n\ngo 1.20\n"
    return committed(folder, {"go.mod": module, "main.go": GO, "word.go": GO_WORD, ".gitignore": ".tailtune\n"})


def rust_repository(folder: Path) -> Path:
    """Make one with a service of Rust's standard library, which knows nothing of SIGTERM."""
    manifest = '[package]\nname = "small"\nversion = "0.1.0"\nedition = "2021"\n\n'
    lints = '[lints.rust]\nunexpected_cfgs = "allow"\n'
    ignored = ".tailtune\ntarget\nCargo.lock\n"
    script = 'fn main() {\n    println!("cargo::rerun-if-changed=build.rs");\n}\n'
    files = {"Cargo.toml": manifest + lints, "src/main.rs": RUST, "build.rs": script, ".gitignore": ignored}
    return committed(folder, files)


def addresses(binary: str, marks: tuple[str, ...]) -> dict[str, str]:
    """Addresses of the functions whose names hold one of the marks."""
    rows = (line.split() for line in subprocess.check_output(["nm", binary], text=True).splitlines())
    return {
        row[2]: row[0] for row in rows if len(row) == 3 and row[1] in "tT" and any(mark in row[2] for mark in marks)
    }


def said(binary: str) -> str:
    """What the program prints when it is given no port."""
    return subprocess.check_output([binary], text=True)
