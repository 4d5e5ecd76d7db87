//! The server's side of HTTP/1.1: as much of it as a load generator sends.

use std::io::{self, Write};
use std::net::TcpStream;

use crate::sys::stamp;

pub(super) const ANSWER: &[u8] =
    b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 3\r\n\r\nok\n";
/// A client that sends a longer head is cut off.
pub(super) const MAX_HEAD_BYTES: usize = 64 * 1024;
const MAX_HEADERS: usize = 64;

/// One connection.
pub(super) struct Client {
    pub(super) stream: TcpStream,
    received: Vec<u8>,
    /// Body bytes of the current request still to come.
    body_left: u64,
    unsent: Vec<u8>,
}

impl Client {
    pub(super) const fn new(stream: TcpStream) -> Self {
        Self {
            stream,
            received: Vec::new(),
            body_left: 0,
            unsent: Vec::new(),
        }
    }

    /// Reads what there is, up to the end of the stream with `closed`. Returns the kernel's time of
    /// receipt of the last bytes (CLOCK_REALTIME, ns; 0 where it is not told); nothing when the peer is gone.
    pub(super) fn receive(&mut self, buffer: &mut [u8], closed: bool) -> Option<u64> {
        let mut stamped = 0;
        loop {
            match stamp::receive(&self.stream, buffer) {
                Ok((0, _)) => return None,
                Ok((count, at)) => {
                    self.received.extend_from_slice(&buffer[..count]);
                    stamped = at;
                    // Edges are reported anew for what comes after a read that found less than its room.
                    if count < buffer.len() && !closed {
                        return Some(stamped);
                    }
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Some(stamped),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(_) => return None,
            }
        }
    }

    /// Consumes complete requests and returns their number; nothing for a client that talks no HTTP.
    pub(super) fn take_requests(&mut self) -> Option<usize> {
        let (mut used, mut count) = (0, 0);
        loop {
            let rest = &self.received[used..];
            let skip = self.body_left.min(rest.len() as u64);
            used += skip as usize;
            self.body_left -= skip;
            if self.body_left > 0 {
                break;
            }
            let Some((head, body)) = parse_head(&self.received[used..])? else {
                break;
            };
            used += head;
            self.body_left = body;
            count += 1;
        }
        self.received.drain(..used);
        (self.received.len() <= MAX_HEAD_BYTES).then_some(count)
    }

    /// Answers `count` requests; false when the peer is gone.
    pub(super) fn send(&mut self, count: usize) -> bool {
        (0..count).for_each(|_| self.unsent.extend_from_slice(ANSWER));
        self.flush()
    }

    /// Writes what is left to write; false when the peer is gone.
    pub(super) fn flush(&mut self) -> bool {
        while !self.unsent.is_empty() {
            match self.stream.write(&self.unsent) {
                Ok(count) => drop(self.unsent.drain(..count)),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return true,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(_) => return false,
            }
        }
        true
    }
}

/// Returns lengths of head and body, an inner nothing while the head is incomplete, an outer nothing
/// for what is not HTTP/1 with a plain body.
pub(super) fn parse_head(bytes: &[u8]) -> Option<Option<(usize, u64)>> {
    if bytes.is_empty() {
        return Some(None);
    }
    let mut headers = [httparse::EMPTY_HEADER; MAX_HEADERS];
    let mut request = httparse::Request::new(&mut headers);
    let httparse::Status::Complete(length) = request.parse(bytes).ok()? else {
        return Some(None);
    };
    let body = request
        .headers
        .iter()
        .find(|header| header.name.eq_ignore_ascii_case("content-length"));
    let body = match body {
        Some(header) => std::str::from_utf8(header.value)
            .ok()?
            .trim()
            .parse()
            .ok()?,
        None => 0,
    };
    Some(Some((length, body)))
}
