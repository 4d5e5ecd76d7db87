//! One connection: at most one request on it at a time.

use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::os::fd::{AsFd, BorrowedFd};

use crate::flight::Ticket;
use crate::protocol::http1::response::{Response, ResponseError};
use crate::sys::clock::now_ns;

/// Buffers read from one connection before others get their turn: an endless answer must not hold up
/// what is due.
const READS: usize = 16;

/// A request on its way over a connection.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Exchange<'a> {
    pub(crate) ticket: Ticket,
    /// Just before its first byte was written.
    pub(crate) sent_ns: u64,
    /// When the first byte of the answer was read; 0 before.
    pub(crate) first_byte_ns: u64,
    unsent: &'a [u8],
}

/// What came of an event.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// Nothing to do but wait.
    Pending,
    /// There may be more to read, which no event will tell unless it is asked for.
    More,
    /// The answer is complete; whether the connection may go on.
    Answered { done_ns: u64, reusable: bool },
    /// The connection is of no more use; a request on it failed.
    Broken,
}

impl Step {
    /// An answered connection is of no more use once its peer has closed it.
    const fn unless_closed(self, closed: bool) -> Self {
        match self {
            Self::Answered { done_ns, reusable } => Self::Answered {
                done_ns,
                reusable: reusable && !closed,
            },
            other => other,
        }
    }
}

/// A connection being opened, idle or busy.
pub(crate) struct Connection<'a> {
    stream: TcpStream,
    /// Number in the order of opening, for the request log.
    pub(crate) serial: u32,
    pub(crate) established: bool,
    exchange: Option<Exchange<'a>>,
    response: Response,
}

impl<'a> Connection<'a> {
    pub(crate) fn new(stream: TcpStream, serial: u32, response: Response) -> Self {
        Self {
            stream,
            serial,
            established: false,
            exchange: None,
            response,
        }
    }

    /// Returns the response reader, to be used by another connection.
    pub(crate) fn into_response(self) -> Response {
        self.response
    }

    pub(crate) fn as_fd(&self) -> BorrowedFd<'_> {
        self.stream.as_fd()
    }

    pub(crate) const fn response(&self) -> &Response {
        &self.response
    }

    pub(crate) const fn exchange(&self) -> Option<&Exchange<'a>> {
        self.exchange.as_ref()
    }

    /// Ends the exchange, if there is one.
    pub(crate) const fn take_exchange(&mut self) -> Option<Exchange<'a>> {
        self.exchange.take()
    }

    /// The socket became writable for the first time, or failed.
    pub(crate) fn establish(&mut self) -> io::Result<()> {
        match self.stream.take_error()? {
            Some(error) => Err(error),
            None => {
                self.established = true;
                Ok(())
            }
        }
    }

    /// Sends a request; `Broken` when the peer does not take it.
    pub(crate) fn send(&mut self, ticket: Ticket, request: &'a [u8]) -> Step {
        self.response.begin(request.starts_with(b"HEAD "));
        self.exchange = Some(Exchange {
            ticket,
            sent_ns: now_ns(),
            first_byte_ns: 0,
            unsent: request,
        });
        self.flush()
    }

    /// Writes what is left of the request.
    pub(crate) fn flush(&mut self) -> Step {
        let Some(exchange) = &mut self.exchange else {
            return Step::Pending;
        };
        while !exchange.unsent.is_empty() {
            match (&self.stream).write(exchange.unsent) {
                Ok(0) => return Step::Broken,
                Ok(count) => exchange.unsent = &exchange.unsent[count..],
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(_) => return Step::Broken,
            }
        }
        Step::Pending
    }

    /// Reads what is there, up to a bound. `closed`: the peer is known to have closed, so read up to the end, and
    /// send nothing more.
    pub(crate) fn receive(&mut self, buffer: &mut [u8], closed: bool) -> Step {
        for _ in 0..READS {
            match (&self.stream).read(buffer) {
                Ok(0) => return self.ended(),
                Ok(count) => {
                    let step = self.take(&buffer[..count]);
                    // Edge-triggered: a short read has emptied the socket, the next byte is a new edge.
                    if step != Step::Pending || (count < buffer.len() && !closed) {
                        return step.unless_closed(closed);
                    }
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Step::Pending,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(_) => return Step::Broken,
            }
        }
        Step::More
    }

    fn take(&mut self, received: &[u8]) -> Step {
        let now = now_ns();
        let Some(exchange) = &mut self.exchange else {
            return Step::Broken; // Bytes that nobody asked for.
        };
        if exchange.first_byte_ns == 0 {
            exchange.first_byte_ns = now;
        }
        let wholly_sent = exchange.unsent.is_empty();
        match self.response.feed(received, &mut |_| ()) {
            Ok(None) => Step::Pending,
            Ok(Some(used)) => Step::Answered {
                done_ns: now,
                reusable: wholly_sent && used == received.len() && self.response.keep_alive(),
            },
            Err(_) => Step::Broken,
        }
    }

    fn ended(&mut self) -> Step {
        let begun = self
            .exchange
            .as_ref()
            .is_some_and(|exchange| exchange.first_byte_ns > 0);
        let complete: Result<(), ResponseError> = self.response.end();
        if begun && complete.is_ok() {
            Step::Answered {
                done_ns: now_ns(),
                reusable: false,
            }
        } else {
            Step::Broken
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use std::net::TcpListener;

    use super::*;

    #[test]
    fn an_endless_answer_is_read_in_turns() {
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let stream = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let (mut server, _) = listener.accept().unwrap();
        let mut answer = b"HTTP/1.1 200 OK\r\n\r\n".to_vec();
        answer.resize(answer.len() + 2 * READS * 64, b'x');
        server.write_all(&answer).unwrap();
        while stream.peek(&mut [0; 4096]).unwrap() < answer.len() {}
        let mut connection = Connection::new(stream, 0, Response::new());
        connection.send(Ticket::default(), b"GET / HTTP/1.1\r\n\r\n");
        let mut buffer = [0; 64];
        let turns = [(); 2].map(|()| connection.receive(&mut buffer, false));
        assert_eq!(turns, [Step::More, Step::More]);
        assert_eq!(connection.response().bytes(), 2 * READS as u64 * 64);
    }
}
