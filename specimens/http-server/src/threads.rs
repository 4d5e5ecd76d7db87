//! A thread for each connection.

use std::io::{ErrorKind, Read, Result, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::thread;

use crate::message::{self, Request};
use crate::start::start;

const CHUNK: usize = 16 << 10;

/// Serves until SIGTERM; the answer's body comes from `answer`, called in the thread of the connection.
///
/// # Errors
/// If the arguments hold no port, or it cannot be listened on.
pub fn serve<A>(answer: A) -> Result<()>
where
    A: Fn(&Request) -> String + Send + Sync + 'static,
{
    let listener = TcpListener::bind(("127.0.0.1", start()?))?;
    let answer = Arc::new(answer);
    for stream in listener.incoming() {
        let stream = match stream {
            Ok(stream) => stream,
            Err(error) if error.kind() == ErrorKind::ConnectionAborted => continue,
            Err(error) => return Err(error),
        };
        let answer = Arc::clone(&answer);
        let builder = thread::Builder::new().name("connection".to_owned());
        // A client that breaks off ends its conversation and nothing else.
        builder.spawn(move || drop(converse(stream, answer.as_ref())))?;
    }
    Ok(())
}

fn converse(mut stream: TcpStream, answer: &impl Fn(&Request) -> String) -> Result<()> {
    stream.set_nodelay(true)?;
    let mut received = Vec::new();
    let mut chunk = [0; CHUNK];
    loop {
        match message::parse(&received) {
            Ok(Some((request, length))) => {
                received.drain(..length);
                let (status, body) =
                    if request.is_for_service() { (200, answer(&request)) } else { request.elsewhere() };
                stream.write_all(&message::answer(status, &body, request.last))?;
                if request.last {
                    return Ok(());
                }
            }
            Ok(None) => match stream.read(&mut chunk)? {
                0 => return Ok(()),
                length => received.extend_from_slice(&chunk[..length]),
            },
            Err(problem) => return stream.write_all(&message::answer(400, problem.0, true)),
        }
    }
}
