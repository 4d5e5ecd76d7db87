//! Requests and answers: bytes in, bytes out.

use std::str::from_utf8;

const MAX_HEAD: usize = 16 << 10;
const MAX_BODY: usize = 1 << 20;
const BLANK_LINE: &[u8] = b"\r\n\r\n";
const ANSWERED: &str = "/answer";

/// A request, as far as a specimen asks.
#[derive(Debug, PartialEq, Eq)]
pub struct Request {
    /// Before the question mark.
    pub path: String,
    /// Behind it.
    pub query: String,
    /// Of the length that the head names.
    pub body: Vec<u8>,
    /// Whether the client wants the connection closed after the answer.
    pub(crate) last: bool,
}

impl Request {
    /// Returns the value of a name in the query as it was sent; empty if there is none.
    #[must_use]
    pub fn value(&self, name: &str) -> &str {
        let mut pairs = self.query.split('&').filter_map(|pair| pair.split_once('='));
        pairs.find_map(|(found, value)| (found == name).then_some(value)).unwrap_or_default()
    }

    /// Whether the service is to answer it; all else is answered by `elsewhere`.
    pub(crate) fn is_for_service(&self) -> bool {
        self.path == ANSWERED
    }

    /// Returns status and body for a request of another path.
    pub(crate) fn elsewhere(&self) -> (u16, String) {
        if self.path == "/healthz" { (200, "ok\n".to_owned()) } else { (404, "not found\n".to_owned()) }
    }
}

/// Why bytes are no request.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Malformed(pub(crate) &'static str);

/// Returns the first request and how many bytes it takes; nothing while it is incomplete.
pub(crate) fn parse(bytes: &[u8]) -> Result<Option<(Request, usize)>, Malformed> {
    let Some(end) = bytes.windows(BLANK_LINE.len()).position(|window| window == BLANK_LINE) else {
        return if bytes.len() > MAX_HEAD { Err(Malformed("the head is too long")) } else { Ok(None) };
    };
    let head = from_utf8(&bytes[..end]).map_err(|_| Malformed("the head is no text"))?;
    let (first, fields) = head.split_once("\r\n").unwrap_or((head, ""));
    let mut words = first.split(' ').skip(1);
    let (Some(target), Some(version)) = (words.next(), words.next()) else {
        return Err(Malformed("the first line is no request"));
    };
    let (length, close) = read_fields(fields)?;
    let body = end + BLANK_LINE.len();
    let Some(content) = bytes.get(body..body + length) else {
        return Ok(None);
    };
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let request = Request {
        path: path.to_owned(),
        query: query.to_owned(),
        body: content.to_vec(),
        last: close || version != "HTTP/1.1",
    };
    Ok(Some((request, body + length)))
}

/// Returns the length of the body, and whether the connection is to be closed.
fn read_fields(fields: &str) -> Result<(usize, bool), Malformed> {
    let mut length = 0;
    let mut close = false;
    for (name, value) in fields.split("\r\n").filter_map(|line| line.split_once(':')) {
        let value = value.trim();
        if name.eq_ignore_ascii_case("content-length") {
            let told = value.parse::<usize>().ok().filter(|&told| told <= MAX_BODY);
            length = told.ok_or(Malformed("the length of the body is none, or too large"))?;
        } else if name.eq_ignore_ascii_case("connection") {
            close = value.eq_ignore_ascii_case("close");
        } else if name.eq_ignore_ascii_case("transfer-encoding") {
            return Err(Malformed("a body in chunks is not understood"));
        }
    }
    Ok((length, close))
}

/// Returns the bytes of an answer.
pub(crate) fn answer(status: u16, body: &str, last: bool) -> Vec<u8> {
    let reason = match status {
        200 => "OK",
        404 => "Not Found",
        _ => "Bad Request",
    };
    let closing = if last { "Connection: close\r\n" } else { "" };
    let length = body.len();
    format!("HTTP/1.1 {status} {reason}\r\nContent-Type: text/plain\r\nContent-Length: {length}\r\n{closing}\r\n{body}")
        .into_bytes()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::panic)]

    use super::{Malformed, answer, parse};

    const POST: &[u8] =
        b"POST /answer?key=7&n=2 HTTP/1.1\r\nHost: localhost\r\ncontent-length: 5\r\n\r\nhelloGET / HTTP/1.1\r\n\r\n";

    #[test]
    fn a_request_is_found_however_it_is_cut() {
        let length = POST.len() - b"GET / HTTP/1.1\r\n\r\n".len();
        for cut in 0..length {
            assert_eq!(parse(&POST[..cut]), Ok(None), "{cut}");
        }
        let Ok(Some((request, taken))) = parse(POST) else { panic!("no request") };
        assert_eq!(taken, length);
        assert_eq!((request.path.as_str(), request.value("key"), request.value("n")), ("/answer", "7", "2"));
        assert_eq!((request.value("k"), request.body.as_slice(), request.last), ("", b"hello".as_slice(), false));
    }

    #[test]
    fn older_clients_and_those_that_ask_for_it_get_a_closed_connection() {
        for text in ["GET /healthz HTTP/1.0\r\n\r\n", "GET / HTTP/1.1\r\nConnection: close\r\n\r\n"] {
            let Ok(Some((request, _))) = parse(text.as_bytes()) else { panic!("no request") };
            assert!(request.last);
        }
        assert!(answer(200, "ok", true).ends_with(b"Content-Length: 2\r\nConnection: close\r\n\r\nok"));
    }

    #[test]
    fn hostile_heads_are_refused() {
        assert_eq!(parse(&[b'a'; 20_000]), Err(Malformed("the head is too long")));
        assert!(parse(b"\xff\xff\r\n\r\n").is_err());
        assert!(parse(b"GET\r\n\r\n").is_err());
        assert!(parse(b"GET / HTTP/1.1\r\nContent-Length: 99999999999\r\n\r\n").is_err());
        assert!(parse(b"GET / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n").is_err());
    }
}
