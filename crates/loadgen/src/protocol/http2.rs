//! HTTP/2 (RFC 9113), and gRPC's unary calls on it: many requests at a time on one connection.
//!
//! Payloads are a header block's length (`u32`, little-endian), the block, which uses no dynamic table and begins
//! with `:scheme` and `:method`, and the body. Windows for what we receive are so wide that they never hold a
//! server up.

mod blocks;
mod control;
mod frame;
mod grpc;
mod stream;
mod windows;

use super::hpack::{self, Decoder};
use super::{Answers, Protocol, ProtocolError};
use blocks::Continued;
use frame::{Head, Reason, malformed};
use stream::{Stream, Streams};
use windows::{put_data, replenish};

const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
/// Most requests at a time on a connection, where the peer permits more.
pub(crate) const MAX_STREAMS: usize = 100;
const MAX_ID: u32 = 0x7fff_ffff;
/// What either side may send before the other has said anything.
const FIRST_WINDOW: u32 = 65_535;
/// What the peer may send, on a stream and on the connection.
const RECEIVE_WINDOW: u32 = 1 << 30;
/// Fields that a block begins with: `:scheme`, by the static table, and HEAD as a literal with the name at index 2.
const SCHEME_HTTP: u8 = 0x86;
const SCHEME_HTTPS: u8 = 0x87;
const METHOD_HEAD: &[u8] = b"\x02\x04HEAD";

/// The client's side of a connection.
pub(crate) struct Http2 {
    grpc: bool,
    /// Requests are sent over TLS, and say so.
    encrypted: bool,
    streams: Streams,
    next_id: u32,
    hpack: Decoder,
    /// Start of a frame that came in several pieces.
    partial: Vec<u8>,
    block: Vec<u8>,
    continued: Option<Continued>,
    /// The peer has sent its settings.
    greeted: bool,
    going_away: bool,
    /// Most streams at a time that the peer permits.
    peer_streams: usize,
    /// Window of each new stream.
    first_window: i64,
    /// What the peer takes on the connection.
    window: i64,
    /// Received since the peer was last told of room.
    received: u32,
    /// Answers to the peer's PING and SETTINGS that may not have been sent yet, in bytes.
    owed_bytes: usize,
}

impl Http2 {
    /// `grpc`: bodies are messages, and the status is gRPC's.
    pub(crate) fn new(grpc: bool) -> Self {
        Self {
            grpc,
            encrypted: false,
            streams: Streams::default(),
            next_id: 1,
            hpack: Decoder::new(),
            partial: Vec::with_capacity(frame::HEAD_BYTES + frame::MAX_PAYLOAD),
            block: Vec::new(),
            continued: None,
            greeted: false,
            going_away: false,
            peer_streams: MAX_STREAMS,
            first_window: i64::from(FIRST_WINDOW),
            window: i64::from(FIRST_WINDOW),
            received: 0,
            owed_bytes: 0,
        }
    }

    /// The same, over TLS.
    pub(crate) const fn over_tls(mut self) -> Self {
        self.encrypted = true;
        self
    }

    fn frame(
        &mut self,
        head: Head,
        payload: &[u8],
        answers: &mut dyn Answers,
        out: &mut Vec<u8>,
    ) -> Result<(), ProtocolError> {
        if !self.greeted && (head.kind != frame::SETTINGS || head.has(frame::ACK)) {
            return Err(ProtocolError::Unasked);
        }
        if self
            .continued
            .is_some_and(|block| head.kind != frame::CONTINUATION || head.stream != block.stream)
        {
            return Err(malformed("a frame comes inside a header block"));
        }
        match head.kind {
            frame::DATA => self.data(head, payload, answers, out),
            frame::HEADERS => self.headers(head, payload, answers, out),
            frame::CONTINUATION => self.continuation(head, payload, answers, out),
            frame::RST_STREAM => self.reset_by_peer(head, payload, answers),
            frame::SETTINGS => self.settings(head, payload, out),
            frame::PING => self.ping(head, payload, out),
            frame::GOAWAY => self.go_away(head, payload, answers),
            frame::WINDOW_UPDATE => self.window_update(head, payload, answers, out),
            frame::PUSH_PROMISE => Err(malformed("the server pushes, which was ruled out")),
            _ => Ok(()), // PRIORITY says nothing to a client; what is unknown is to be ignored.
        }
    }

    /// The place of a stream; nothing for one that has ended, of which late frames are ignored.
    fn find(&self, id: u32) -> Result<Option<usize>, ProtocolError> {
        if id.is_multiple_of(2) || id >= self.next_id {
            return Err(malformed("a frame is for a stream that nobody opened"));
        }
        Ok(self.streams.find(id))
    }

    fn data(
        &mut self,
        head: Head,
        payload: &[u8],
        answers: &mut dyn Answers,
        out: &mut Vec<u8>,
    ) -> Result<(), ProtocolError> {
        let found = self.find(head.stream)?;
        let bytes = frame::content(&head, payload)?;
        replenish(&mut self.received, 0, head.length, out);
        let Some(place) = found else {
            return Ok(());
        };
        let stream = self.streams.get(place);
        stream.count(head.wire_bytes());
        if stream.take_data(bytes, self.grpc, answers).is_err() {
            self.reset(place, Reason::Protocol, answers, out);
        } else if head.has(frame::END_STREAM) {
            self.end(place, answers, out);
        } else {
            replenish(&mut stream.received, head.stream, head.length, out);
        }
        Ok(())
    }

    /// The peer has sent the last of an answer.
    fn end(&mut self, place: usize, answers: &mut dyn Answers, out: &mut Vec<u8>) {
        let stream = self.streams.get(place);
        let (tag, is_sent) = (stream.tag, stream.is_sent());
        match stream.end(self.grpc) {
            Ok((status, bytes)) => answers.answered(tag, status, bytes),
            Err(_) => answers.failed(tag),
        }
        if !is_sent && let Some(id) = self.streams.id(place) {
            frame::put_reset(out, id, Reason::Cancel); // Nobody reads the rest of the request.
        }
        self.streams.leave(place);
    }

    /// Ends a stream whose peer broke the rules.
    fn reset(
        &mut self,
        place: usize,
        reason: Reason,
        answers: &mut dyn Answers,
        out: &mut Vec<u8>,
    ) {
        if let Some(id) = self.streams.id(place) {
            frame::put_reset(out, id, reason);
            self.fail(place, answers);
        }
    }

    fn fail(&mut self, place: usize, answers: &mut dyn Answers) {
        answers.failed(self.streams.get(place).tag);
        self.streams.leave(place);
    }

    /// Sends what the windows permit of a stream's body.
    fn pump(&mut self, place: usize, out: &mut Vec<u8>) {
        let Some(id) = self.streams.id(place) else {
            return;
        };
        let stream = self.streams.get(place);
        let rest = &stream.unsent[stream.sent..];
        stream.sent += put_data(out, id, rest, &mut self.window, &mut stream.window);
    }
}

/// Whether a request is answered without a body.
fn asks_for_head(block: &[u8]) -> bool {
    let behind_scheme = match block {
        [SCHEME_HTTP | SCHEME_HTTPS, behind @ ..] => behind,
        _ => block,
    };
    behind_scheme.starts_with(METHOD_HEAD)
}

/// Takes a payload apart: header block and body.
fn parts(payload: &[u8]) -> (&[u8], &[u8]) {
    let Some((length, rest)) = payload.split_first_chunk::<4>() else {
        return (&[], &[]);
    };
    let length = u32::from_le_bytes(*length) as usize;
    rest.split_at(length.min(rest.len()))
}

impl Protocol for Http2 {
    fn open(&mut self, out: &mut Vec<u8>) {
        out.extend_from_slice(PREFACE);
        control::put_settings(out);
        frame::put_window_update(out, 0, RECEIVE_WINDOW - FIRST_WINDOW);
    }

    fn room(&self) -> usize {
        if !self.greeted || !self.reusable() {
            return 0;
        }
        let permitted = MAX_STREAMS.min(self.peer_streams);
        permitted.saturating_sub(self.streams.open())
    }

    fn send(&mut self, tag: u32, payload: &[u8], out: &mut Vec<u8>) {
        let (block, body) = parts(payload);
        let id = self.next_id;
        self.next_id += 2;
        let place = self.streams.enter(id);
        let stream: &mut Stream = self.streams.get(place);
        stream.begin(tag, self.first_window, asks_for_head(block));
        let scheme = out.len() + frame::HEAD_BYTES;
        frame::put_headers(out, id, block, body.is_empty());
        if self.encrypted && block.first() == Some(&SCHEME_HTTP) {
            out[scheme] = SCHEME_HTTPS;
        }
        let sent = put_data(out, id, body, &mut self.window, &mut stream.window);
        stream.unsent.extend_from_slice(&body[sent..]);
    }

    fn cancel(&mut self, tag: u32, out: &mut Vec<u8>) -> bool {
        if let Some(place) = self.streams.find_tag(tag)
            && let Some(id) = self.streams.id(place)
        {
            frame::put_reset(out, id, Reason::Cancel);
            self.streams.leave(place);
        }
        true
    }

    fn receive(
        &mut self,
        bytes: &[u8],
        answers: &mut dyn Answers,
        out: &mut Vec<u8>,
    ) -> Result<(), ProtocolError> {
        if out.is_empty() {
            self.owed_bytes = 0;
        }
        match self.take_frames(bytes, answers, out) {
            // Of another protocol the first bytes make frames of any kind and size.
            Err(_) if !self.greeted => {
                Err(malformed("the server does not begin with HTTP/2 settings"))
            }
            taken => taken,
        }
    }

    fn reusable(&self) -> bool {
        !self.going_away && self.next_id <= MAX_ID
    }
}

impl Http2 {
    fn take_frames(
        &mut self,
        mut bytes: &[u8],
        answers: &mut dyn Answers,
        out: &mut Vec<u8>,
    ) -> Result<(), ProtocolError> {
        if !self.partial.is_empty() {
            let mut partial = std::mem::take(&mut self.partial);
            let filled = frame::fill(&mut partial, &mut bytes)?;
            if let Some(head) = filled {
                self.frame(head, &partial[frame::HEAD_BYTES..], answers, out)?;
                partial.clear();
            }
            self.partial = partial;
        }
        while let Some((head, payload)) = frame::split(&mut bytes)? {
            self.frame(head, payload, answers, out)?;
        }
        self.partial.extend_from_slice(bytes);
        Ok(())
    }
}

#[cfg(test)]
mod tests;
