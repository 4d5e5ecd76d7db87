//! As much of HTTP/1.1 as the callers of this service use: GET on connections that are kept.

use std::io::{self, ErrorKind, Read, Write};
use std::net::TcpStream;

/// No request of an honest caller is longer.
const LONGEST: usize = 8192;

/// What a request asks for.
pub(crate) struct Target<'a> {
    path: &'a str,
    query: &'a str,
}

impl<'a> Target<'a> {
    fn parse(text: &'a str) -> Self {
        let (path, query) = text.split_once('?').unwrap_or((text, ""));
        Self { path, query }
    }

    pub(crate) fn path(&self) -> &'a str {
        self.path
    }

    /// The value of a parameter, if it is there and a number.
    pub(crate) fn number(&self, name: &str) -> Option<u64> {
        self.query.split('&').filter_map(|pair| pair.split_once('=')).find(|(key, _)| *key == name)?.1.parse().ok()
    }
}

/// Answers the requests of one connection, one after the other, until its other end closes it.
pub(crate) fn serve(mut stream: &TcpStream, route: impl Fn(&Target<'_>) -> (u16, String)) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let mut buffer = vec![0; LONGEST];
    let mut filled = 0;
    loop {
        let (status, body, used) = loop {
            if let Some(answered) = answer(&buffer[..filled], &route)? {
                break answered;
            }
            let read = if filled < LONGEST { stream.read(&mut buffer[filled..])? } else { 0 };
            if read == 0 {
                return Ok(());
            }
            filled += read;
        };
        // One write, so that the answer leaves as one packet.
        let length = body.len();
        let text = format!("HTTP/1.1 {status} {}\r\nContent-Length: {length}\r\n\r\n{body}", reason(status));
        stream.write_all(text.as_bytes())?;
        buffer.copy_within(used..filled, 0);
        filled -= used;
    }
}

/// Status, body, and length of the request; nothing as long as it is not complete.
fn answer(received: &[u8], route: impl Fn(&Target<'_>) -> (u16, String)) -> io::Result<Option<(u16, String, usize)>> {
    let mut headers = [httparse::EMPTY_HEADER; 32];
    let mut request = httparse::Request::new(&mut headers);
    let parsed = request.parse(received).map_err(|error| io::Error::new(ErrorKind::InvalidData, error))?;
    let httparse::Status::Complete(used) = parsed else {
        return Ok(None);
    };
    let (status, body) = match (request.method, request.path) {
        (Some("GET"), Some(target)) => route(&Target::parse(target)),
        _ => (405, "only GET\n".to_owned()),
    };
    Ok(Some((status, body, used)))
}

fn reason(status: u16) -> &'static str {
    match status {
        200 => "OK",
        400 => "Bad Request",
        404 => "Not Found",
        _ => "Method Not Allowed",
    }
}
