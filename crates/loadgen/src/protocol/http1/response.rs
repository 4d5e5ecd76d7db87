//! HTTP/1.1 responses, split at any byte: head by `httparse`, framing of the body by hand.
//!
//! Bodies are counted and handed on, not kept. Memory is bounded: a head of more than [`MAX_HEAD_BYTES`]
//! and a chunk line or trailer of more than [`MAX_LINE_BYTES`] are errors.

use thiserror::Error;

use super::chunked::Chunked;

pub(crate) const MAX_HEAD_BYTES: usize = 32 * 1024;
const MAX_HEADERS: usize = 100;

/// Why bytes are not a response.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
pub(crate) enum ResponseError {
    #[error("the head is not HTTP/1")]
    Head,
    #[error("the head is longer than {MAX_HEAD_BYTES} bytes or has more than {MAX_HEADERS} fields")]
    HeadTooLong,
    #[error("Content-Length is not one number")]
    Length,
    #[error("the chunked body is malformed")]
    Chunk,
    #[error("the connection ended inside a response")]
    Truncated,
}

#[derive(Debug)]
enum State {
    Head,
    Length(u64),
    Chunked(Chunked),
    UntilClose,
    Done,
}

/// Reads one response.
#[derive(Debug)]
pub(crate) struct Response {
    state: State,
    head_request: bool,
    status: u16,
    keep_alive: bool,
    bytes: u64,
    /// Start of a head that came in several pieces.
    partial: Vec<u8>,
}

impl Response {
    pub(crate) fn new() -> Self {
        Self {
            state: State::Head,
            head_request: false,
            status: 0,
            keep_alive: false,
            bytes: 0,
            partial: Vec::with_capacity(1024),
        }
    }

    /// Starts over; `head_request`: the answer to a HEAD request, which has no body.
    pub(crate) fn begin(&mut self, head_request: bool) {
        self.state = State::Head;
        self.head_request = head_request;
        self.status = 0;
        self.keep_alive = false;
        self.bytes = 0;
        self.partial.clear();
    }

    /// Status of the final head; 0 before it is complete.
    pub(crate) const fn status(&self) -> u16 {
        self.status
    }

    /// Whether the connection may carry another request.
    pub(crate) const fn keep_alive(&self) -> bool {
        self.keep_alive
    }

    /// Bytes of the response so far, heads included.
    pub(crate) const fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Takes received bytes and hands those of the body to `body`. Returns how many belong to this
    /// response once it is complete, and nothing while more are needed.
    pub(crate) fn feed(
        &mut self,
        received: &[u8],
        body: &mut impl FnMut(&[u8]),
    ) -> Result<Option<usize>, ResponseError> {
        let mut used = 0;
        loop {
            let rest = &received[used..];
            let step = match &mut self.state {
                State::Head => self.feed_head(rest)?,
                State::Length(left) => {
                    let step = (*left).min(rest.len() as u64);
                    *left -= step;
                    if *left == 0 {
                        self.state = State::Done;
                    }
                    body(&rest[..step as usize]);
                    step as usize
                }
                State::Chunked(chunked) => {
                    let (step, ended) = chunked.feed(rest, body)?;
                    if ended {
                        self.state = State::Done;
                    }
                    step
                }
                State::UntilClose => {
                    body(rest);
                    rest.len()
                }
                State::Done => 0,
            };
            used += step;
            self.bytes += step as u64;
            if matches!(self.state, State::Done) {
                return Ok(Some(used));
            }
            if used == received.len() {
                return Ok(None);
            }
        }
    }

    /// The peer closed: complete only when closing is what ends the body.
    pub(crate) fn end(&mut self) -> Result<(), ResponseError> {
        match self.state {
            State::UntilClose | State::Done => {
                self.state = State::Done;
                Ok(())
            }
            _ => Err(ResponseError::Truncated),
        }
    }

    /// Looks for the end of a head; returns how many of `received` it consumed.
    fn feed_head(&mut self, received: &[u8]) -> Result<usize, ResponseError> {
        let before = self.partial.len();
        if before == 0
            && let Some(length) = self.parse_head(received)?
        {
            return Ok(length);
        }
        let room = (MAX_HEAD_BYTES - before).min(received.len());
        self.partial.extend_from_slice(&received[..room]);
        // A head ends with a line; without a new line end there is nothing new to parse.
        if before > 0 && received[..room].contains(&b'\n') {
            let head = std::mem::take(&mut self.partial);
            let parsed = self.parse_head(&head);
            self.partial = head;
            if let Some(length) = parsed? {
                self.partial.clear();
                return Ok(length - before);
            }
        }
        if self.partial.len() == MAX_HEAD_BYTES {
            return Err(ResponseError::HeadTooLong);
        }
        Ok(room)
    }

    fn parse_head(&mut self, bytes: &[u8]) -> Result<Option<usize>, ResponseError> {
        let mut headers = [httparse::EMPTY_HEADER; MAX_HEADERS];
        let mut head = httparse::Response::new(&mut headers);
        let length = match head.parse(bytes) {
            Ok(httparse::Status::Complete(length)) if length <= MAX_HEAD_BYTES => length,
            Ok(httparse::Status::Partial) => return Ok(None),
            Ok(_) | Err(httparse::Error::TooManyHeaders) => return Err(ResponseError::HeadTooLong),
            Err(_) => return Err(ResponseError::Head),
        };
        let status = head.code.ok_or(ResponseError::Head)?;
        let interim = (100..200).contains(&status) && status != 101;
        if !interim {
            let framing = Framing::of(head.headers)?;
            self.status = status;
            self.keep_alive = framing.allows_reuse(head.version == Some(1));
            self.state = framing.state(status, self.head_request);
            self.keep_alive &= !matches!(self.state, State::UntilClose);
        }
        Ok(Some(length))
    }
}

/// What the header fields say about the body and the connection.
#[derive(Debug, Default)]
struct Framing {
    length: Option<u64>,
    /// Transfer-Encoding is there; does it end in `chunked`?
    coding_chunked: Option<bool>,
    close: bool,
    keep_alive: bool,
}

impl Framing {
    fn of(headers: &[httparse::Header<'_>]) -> Result<Self, ResponseError> {
        let mut framing = Self::default();
        for header in headers {
            framing.add(header)?;
        }
        Ok(framing)
    }

    fn add(&mut self, header: &httparse::Header<'_>) -> Result<(), ResponseError> {
        let tokens = || {
            header
                .value
                .split(|byte| *byte == b',')
                .map(<[u8]>::trim_ascii)
        };
        if header.name.eq_ignore_ascii_case("content-length") {
            let length = parse_length(header.value)?;
            if self.length.is_some_and(|known| known != length) {
                return Err(ResponseError::Length);
            }
            self.length = Some(length);
        } else if header.name.eq_ignore_ascii_case("transfer-encoding") {
            let last = tokens().next_back();
            self.coding_chunked =
                Some(last.is_some_and(|token| token.eq_ignore_ascii_case(b"chunked")));
        } else if header.name.eq_ignore_ascii_case("connection") {
            self.close |= tokens().any(|token| token.eq_ignore_ascii_case(b"close"));
            self.keep_alive |= tokens().any(|token| token.eq_ignore_ascii_case(b"keep-alive"));
        }
        Ok(())
    }

    const fn allows_reuse(&self, http_1_1: bool) -> bool {
        !self.close && (http_1_1 || self.keep_alive)
    }

    /// RFC 9112, section 6.3.
    fn state(&self, status: u16, head_request: bool) -> State {
        if head_request || status == 204 || status == 304 {
            return State::Done;
        }
        match (status, self.coding_chunked, self.length) {
            (101, _, _) | (_, Some(false), _) | (_, None, None) => State::UntilClose,
            (_, Some(true), _) => State::Chunked(Chunked::new()),
            (_, None, Some(0)) => State::Done,
            (_, None, Some(length)) => State::Length(length),
        }
    }
}

fn parse_length(value: &[u8]) -> Result<u64, ResponseError> {
    let digits = value.trim_ascii();
    let plain = !digits.is_empty() && digits.iter().all(u8::is_ascii_digit);
    let text = std::str::from_utf8(digits).ok().filter(|_| plain);
    text.and_then(|text| text.parse().ok())
        .ok_or(ResponseError::Length)
}

#[cfg(test)]
mod tests;
