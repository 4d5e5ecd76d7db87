//! As much of HTTP/1.1 as the callers of this service use: bodies of a known length, on connections that are kept.

use std::io::{self, ErrorKind, Read, Write};
use std::net::TcpStream;

/// No request of an honest caller is longer.
const LONGEST: usize = 8192;

pub(crate) struct Request<'a> {
    pub(crate) method: &'a str,
    pub(crate) path: &'a str,
    pub(crate) query: &'a str,
    pub(crate) body: &'a [u8],
}

pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) body: String,
}

impl Request<'_> {
    /// The value of a parameter, if it is there and a number.
    pub(crate) fn number(&self, name: &str) -> Option<u64> {
        self.query.split('&').filter_map(|pair| pair.split_once('=')).find(|(key, _)| *key == name)?.1.parse().ok()
    }
}

/// Answers the requests of one connection, one after the other, until its other end closes it.
pub(crate) fn serve(stream: &TcpStream, answer: impl Fn(&Request<'_>) -> Answer) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let (mut reader, mut out) = (stream, stream);
    let mut received = Vec::with_capacity(LONGEST);
    loop {
        while let Some(used) = next(&received, &answer, &mut out)? {
            received.drain(..used);
        }
        let mut part = [0; 1024];
        let read = reader.read(&mut part)?;
        if read == 0 {
            return Ok(());
        }
        received.extend_from_slice(&part[..read]);
        if received.len() > LONGEST {
            return Err(ErrorKind::FileTooLarge.into());
        }
    }
}

/// Answers the first request, and tells how long it was; nothing as long as it is not complete.
fn next(received: &[u8], answer: impl Fn(&Request<'_>) -> Answer, out: &mut impl Write) -> io::Result<Option<usize>> {
    let mut headers = [httparse::EMPTY_HEADER; 32];
    let mut head = httparse::Request::new(&mut headers);
    let parsed = head.parse(received).map_err(|error| io::Error::new(ErrorKind::InvalidData, error))?;
    let httparse::Status::Complete(begin) = parsed else {
        return Ok(None);
    };
    let end = begin + length(head.headers).ok_or(ErrorKind::InvalidData)?;
    let Some(body) = received.get(begin..end) else {
        return Ok(None);
    };
    let (path, query) = head.path.map_or(("/", ""), |target| target.split_once('?').unwrap_or((target, "")));
    let Answer { status, body } = answer(&Request { method: head.method.unwrap_or("GET"), path, query, body });
    // One write, so that the answer leaves as one packet.
    let text = format!("HTTP/1.1 {status} {}\r\nContent-Length: {}\r\n\r\n{body}", reason(status), body.len());
    out.write_all(text.as_bytes())?;
    Ok(Some(end))
}

/// Of the body: 0 if no header says so, nothing if one says nonsense.
fn length(headers: &[httparse::Header<'_>]) -> Option<usize> {
    let Some(header) = headers.iter().find(|header| header.name.eq_ignore_ascii_case("content-length")) else {
        return Some(0);
    };
    let length = std::str::from_utf8(header.value).ok()?.trim().parse().ok()?;
    (length <= LONGEST).then_some(length)
}

fn reason(status: u16) -> &'static str {
    match status {
        200 => "OK",
        400 => "Bad Request",
        404 => "Not Found",
        422 => "Unprocessable Content",
        _ => "Service Unavailable",
    }
}
