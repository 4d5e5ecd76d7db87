//! The services behind this one: stubs on loopback, inside of the same process.

use std::io::{BufRead, BufReader, Read, Result, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::thread;

/// Starts a backend that says each line again, at once.
pub(crate) fn answering() -> Result<SocketAddr> {
    start(|stream| {
        let mut lines = BufReader::new(&stream);
        let mut line = String::new();
        while lines.read_line(&mut line)? > 0 {
            (&stream).write_all(line.as_bytes())?;
            line.clear();
        }
        Ok(())
    })
}

/// Starts one that takes requests and never answers.
pub(crate) fn silent() -> Result<SocketAddr> {
    start(|mut stream| stream.read_to_end(&mut Vec::new()).map(drop))
}

/// Gives each connection a thread; whoever breaks off ends its conversation and nothing else.
fn start(converse: fn(TcpStream) -> Result<()>) -> Result<SocketAddr> {
    let listener = TcpListener::bind(("127.0.0.1", 0))?;
    let address = listener.local_addr()?;
    thread::Builder::new().name("backend".to_owned()).spawn(move || {
        for stream in listener.incoming().flatten() {
            thread::spawn(move || drop(converse(stream)));
        }
    })?;
    Ok(address)
}
