//! What is spoken on a connection. Another protocol is one file: bytes in, answers out, no socket.
//!
//! A protocol numbers nothing and times nothing: the connection gives each request a tag, and learns by
//! it what came of it.

pub(crate) mod framed;
mod hpack;
pub(crate) mod http1;
pub(crate) mod http2;
pub(crate) mod resp;
mod single;
#[cfg(test)]
pub(crate) mod told;

use schedule::{Plan, Protocol as Spoken};
use thiserror::Error;

/// Where a protocol tells what came of requests.
pub(crate) trait Answers {
    /// The first byte (HTTP/2: the first frame) of an answer has come.
    fn begun(&mut self, tag: u32);
    /// More of the body of an answer, decoded, in order.
    fn body(&mut self, tag: u32, bytes: &[u8]);
    /// An answer is complete. `bytes` on the wire, its head included.
    ///
    /// `status`: of HTTP; gRPC's own for gRPC; where a protocol has none, 0 for success and 1 for an error.
    fn answered(&mut self, tag: u32, status: u16, bytes: u64);
    /// This request alone failed; the connection may go on.
    fn failed(&mut self, tag: u32);
}

/// One side of a conversation.
pub(crate) trait Protocol: Send {
    /// Appends what opens the conversation, if anything does.
    fn open(&mut self, _out: &mut Vec<u8>) {}
    /// Requests that may be sent now, besides those under way.
    fn room(&self) -> usize;
    /// Appends request `tag`, a number that no other request under way on this connection has.
    fn send(&mut self, tag: u32, payload: &[u8], out: &mut Vec<u8>);
    /// Gives up a request; false: the connection cannot go on without its answer.
    fn cancel(&mut self, tag: u32, out: &mut Vec<u8>) -> bool;
    /// Takes received bytes, and appends what is to be sent because of them.
    ///
    /// # Errors
    /// When they make no sense; the connection is of no more use.
    fn receive(
        &mut self,
        bytes: &[u8],
        answers: &mut dyn Answers,
        out: &mut Vec<u8>,
    ) -> Result<(), ProtocolError>;
    /// The peer has closed: completes an answer that closing ends, where one can.
    fn closed(&mut self, _answers: &mut dyn Answers) {}
    /// Whether further requests may follow those under way.
    fn reusable(&self) -> bool {
        true
    }
}

/// Why a conversation ended.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub(crate) enum ProtocolError {
    /// Bytes that nobody asked for.
    #[error("bytes came that nobody asked for")]
    Unasked,
    /// The bytes break the protocol's rules.
    #[error("{0}")]
    Malformed(String),
    /// What was announced is larger than we keep.
    #[error("{0}")]
    TooLarge(String),
}

/// A fresh conversation as the schedule wants it; `tls`: what it goes over.
pub(crate) fn new(plan: &Plan, tls: bool) -> Box<dyn Protocol> {
    let framing = plan.framing();
    let http2 = |grpc| {
        let plain = http2::Http2::new(grpc);
        Box::new(if tls { plain.over_tls() } else { plain })
    };
    match plan.protocol() {
        Spoken::Http1 => Box::new(http1::Http1::new()),
        Spoken::Http2 => http2(false),
        Spoken::Grpc => http2(true),
        Spoken::Line => {
            let (greeting, answer) = (framing.greeting_lines, framing.answer_lines);
            let lines = framed::Lines::new(&framing.hello, greeting, answer);
            Box::new(lines.skipping_unasked(framing.skip_unasked))
        }
        Spoken::LengthPrefixed => {
            Box::new(framed::LengthPrefixed::new(framed::Prefix::of(framing)))
        }
        Spoken::Resp => Box::new(resp::Resp::new()),
    }
}

/// Whether several requests may be under way on one connection.
pub(crate) fn multiplexes(plan: &Plan) -> bool {
    matches!(plan.protocol(), Spoken::Http2 | Spoken::Grpc)
}

/// Requests that a new connection can be expected to take at once.
pub(crate) fn usual_room(plan: &Plan) -> usize {
    if multiplexes(plan) {
        http2::MAX_STREAMS
    } else {
        1
    }
}

/// What is offered to a server with TLS.
pub(crate) fn names_for_tls(plan: &Plan) -> &'static [&'static [u8]] {
    match plan.protocol() {
        Spoken::Http1 => &[b"http/1.1"],
        Spoken::Http2 | Spoken::Grpc => &[b"h2"],
        Spoken::Line | Spoken::LengthPrefixed | Spoken::Resp => &[],
    }
}
