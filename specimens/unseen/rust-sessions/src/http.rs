//! As much of HTTP/1.1 as the store needs: requests without a body, on connections that stay open.

use std::io::{self, Read, Write};
use std::net::TcpStream;

use serde::Serialize;

const MAX_HEAD: usize = 16 * 1024;
const MAX_HEADERS: usize = 32;

pub(crate) struct Answer {
    status: &'static str,
    kind: &'static str,
    body: Vec<u8>,
}

impl Answer {
    pub(crate) fn text(body: &str) -> Self {
        Self { status: "200 OK", kind: "text/plain", body: body.as_bytes().to_vec() }
    }

    pub(crate) fn json(value: &impl Serialize) -> Self {
        match serde_json::to_vec(value) {
            Ok(body) => Self { status: "200 OK", kind: "application/json", body },
            Err(error) => {
                Self { status: "500 Internal Server Error", kind: "text/plain", body: error.to_string().into_bytes() }
            }
        }
    }

    pub(crate) fn not_found() -> Self {
        Self { status: "404 Not Found", kind: "text/plain", body: b"not found\n".to_vec() }
    }

    fn write(&self, out: &mut Vec<u8>) -> io::Result<()> {
        let length = self.body.len();
        write!(out, "HTTP/1.1 {}\r\nContent-Type: {}\r\nContent-Length: {length}\r\n\r\n", self.status, self.kind)?;
        out.extend_from_slice(&self.body);
        Ok(())
    }
}

/// Answer all requests of one connection, until the client closes it.
pub(crate) fn serve(mut stream: TcpStream, route: impl Fn(&str, &str) -> Answer) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let mut unread = Vec::with_capacity(4096);
    let mut out = Vec::with_capacity(4096);
    let mut chunk = [0_u8; 4096];
    loop {
        let read = stream.read(&mut chunk)?;
        if read == 0 {
            return Ok(());
        }
        unread.extend_from_slice(&chunk[..read]);
        while let Some((used, answer)) = next(&unread, &route)? {
            unread.drain(..used);
            out.clear();
            answer.write(&mut out)?;
            stream.write_all(&out)?;
        }
        if unread.len() > MAX_HEAD {
            return Err(io::ErrorKind::InvalidData.into());
        }
    }
}

/// The answer to the first request in `bytes`, and how long that request is, if it is there as a whole.
fn next(bytes: &[u8], route: impl Fn(&str, &str) -> Answer) -> io::Result<Option<(usize, Answer)>> {
    let mut headers = [httparse::EMPTY_HEADER; MAX_HEADERS];
    let mut request = httparse::Request::new(&mut headers);
    let parsed = request.parse(bytes).map_err(io::Error::other)?;
    let httparse::Status::Complete(used) = parsed else { return Ok(None) };
    let answer = route(request.method.unwrap_or("GET"), request.path.unwrap_or("/"));
    Ok(Some((used, answer)))
}
