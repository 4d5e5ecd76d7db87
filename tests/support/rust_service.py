"""A small service in Rust's standard library: a thread for each connection, the same work for each request."""

from pathlib import Path

_MAIN = """
fn main() {
    use std::io::{Read, Write};
    let port = std::env::args().nth(1).unwrap();
    let listener = std::net::TcpListener::bind(format!("127.0.0.1:{port}")).unwrap();
    for stream in listener.incoming() {
        let mut stream = stream.unwrap();
        std::thread::spawn(move || {
            let mut request = [0; 4096];
            while stream.read(&mut request).unwrap_or(0) > 0 {
                WORK;
                let _ = stream.write_all(b"HTTP/1.1 200 OK\\r\\nContent-Length: 2\\r\\n\\r\\nok");
            }
        });
    }
}
"""


def rust_source(work: str = "()", items: str = "") -> str:
    """Return the source of a service whose first argument is its port.

    Args:
        work: an expression that is evaluated for each request.
        items: what stands before `main`.
    """
    return items + _MAIN.replace("WORK", work)


def cargo_project(folder: Path, name: str, source: str, config: str) -> Path:
    """Write a package of one source, and the tool's configuration of it, into a folder; return that."""
    (folder / "src").mkdir()
    (folder / "src" / "main.rs").write_text(source)
    (folder / "Cargo.toml").write_text(f'[package]\nname = "{name}"\nversion = "0.1.0"\nedition = "2024"\n')
    (folder / "tailtune.toml").write_text(config)
    return folder
