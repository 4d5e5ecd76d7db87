//! As much of HTTP/1.1 as carriers use: requests with or without a body, on connections that stay open.

use std::io::{self, ErrorKind, Read, Write};
use std::net::TcpStream;
use std::str;

/// How many bytes a request may have.
const LONGEST: usize = 1 << 20;

/// How many bytes to ask for at a time.
const CHUNK: usize = 64 << 10;

pub(crate) struct Request<'a> {
    pub(crate) method: &'a str,
    pub(crate) target: &'a str,
    pub(crate) body: &'a str,
}

/// Status, and JSON.
pub(crate) type Answer = (u16, String);

/// Answers the requests of one connection, one after the other, until its other end closes it.
pub(crate) fn serve(mut stream: TcpStream, answer: impl Fn(&Request<'_>) -> Answer) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let mut buffer = vec![0; CHUNK];
    let mut filled = 0;
    loop {
        while let Some((used, (status, json))) = next(&buffer[..filled], &answer)? {
            // One write, so that the answer leaves as one packet.
            let head = format!("HTTP/1.1 {status} {}\r\nContent-Type: application/json\r\n", reason(status));
            stream.write_all(format!("{head}Content-Length: {}\r\n\r\n{json}", json.len()).as_bytes())?;
            buffer.copy_within(used..filled, 0);
            filled -= used;
        }
        if filled == buffer.len() {
            if filled >= LONGEST {
                return Err(ErrorKind::InvalidData.into());
            }
            buffer.resize(filled * 2, 0);
        }
        let read = stream.read(&mut buffer[filled..])?;
        if read == 0 {
            return Ok(());
        }
        filled += read;
    }
}

/// The length of the first request, and the answer to it; nothing as long as the request is not complete.
fn next(received: &[u8], answer: impl Fn(&Request<'_>) -> Answer) -> io::Result<Option<(usize, Answer)>> {
    let mut headers = [httparse::EMPTY_HEADER; 32];
    let mut head = httparse::Request::new(&mut headers);
    let httparse::Status::Complete(start) = head.parse(received).map_err(io::Error::other)? else { return Ok(None) };
    let length = head.headers.iter().find(|header| header.name.eq_ignore_ascii_case("Content-Length"));
    let length = match length {
        Some(header) => str::from_utf8(header.value).ok().and_then(|value| value.trim().parse::<usize>().ok()),
        None => Some(0),
    };
    let length = length.filter(|length| *length <= LONGEST).ok_or(ErrorKind::InvalidData)?;
    let Some(body) = received.get(start..start + length) else { return Ok(None) };
    let body = str::from_utf8(body).map_err(io::Error::other)?;
    let request = Request { method: head.method.unwrap_or(""), target: head.path.unwrap_or("/"), body };
    Ok(Some((start + length, answer(&request))))
}

fn reason(status: u16) -> &'static str {
    match status {
        200 => "OK",
        400 => "Bad Request",
        404 => "Not Found",
        _ => "Internal Server Error",
    }
}
