//! What is spoken on a connection. Another protocol is one file: bytes in, answers out, no socket.
//!
//! A protocol numbers nothing and times nothing: the connection gives each request a tag, and learns by
//! it what came of it.
#![allow(dead_code)] // Until the connection speaks through it.

#[cfg_attr(
    not(test),
    expect(dead_code, reason = "the engine speaks HTTP/1.1 only so far")
)]
pub(crate) mod framed;
mod hpack;
pub(crate) mod http1;
#[cfg_attr(
    not(test),
    expect(dead_code, reason = "the engine speaks HTTP/1.1 only so far")
)]
pub(crate) mod http2;
#[cfg_attr(
    not(test),
    expect(dead_code, reason = "the engine speaks HTTP/1.1 only so far")
)]
pub(crate) mod resp;
mod single;
#[cfg(test)]
pub(crate) mod told;

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
    /// Appends what opens the conversation.
    fn open(&mut self, out: &mut Vec<u8>);
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
    /// The peer has closed: completes an answer that closing ends.
    fn closed(&mut self, answers: &mut dyn Answers);
    /// Whether further requests may follow those under way.
    fn reusable(&self) -> bool;
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
