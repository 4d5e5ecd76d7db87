//! Frames that are about the connection, or about room on it, and not about an answer.

use super::frame::{self, Head, Reason, malformed};
use super::{Http2, RECEIVE_WINDOW};
use crate::protocol::{Answers, ProtocolError};

const ENABLE_PUSH: u16 = 2;
const MAX_CONCURRENT_STREAMS: u16 = 3;
const INITIAL_WINDOW_SIZE: u16 = 4;
const MAX_FRAME_SIZE: u16 = 5;
const MAX_HEADER_LIST_SIZE: u16 = 6;

const MAX_WINDOW: i64 = 0x7fff_ffff;
/// Answers that a peer may call for without reading any.
const MAX_OWED_BYTES: usize = 64 * 1024;

/// Appends our settings; all others are left at what the protocol presumes.
pub(super) fn put_settings(out: &mut Vec<u8>) {
    let settings = [
        (ENABLE_PUSH, 0),
        (INITIAL_WINDOW_SIZE, RECEIVE_WINDOW),
        (
            MAX_HEADER_LIST_SIZE,
            crate::protocol::hpack::MAX_LIST_BYTES as u32,
        ),
    ];
    frame::put_head(out, settings.len() * 6, frame::SETTINGS, 0, 0);
    for (name, value) in settings {
        out.extend_from_slice(&name.to_be_bytes());
        out.extend_from_slice(&value.to_be_bytes());
    }
}

/// The one number that a payload of four bytes is.
fn number(payload: &[u8], what: &str) -> Result<u32, ProtocolError> {
    let bytes = payload.try_into().map_err(|_| malformed(what))?;
    Ok(u32::from_be_bytes(bytes))
}

fn of_connection(head: &Head) -> Result<(), ProtocolError> {
    if head.stream == 0 {
        Ok(())
    } else {
        Err(malformed("a frame about the connection names a stream"))
    }
}

fn widen(window: &mut i64, increment: i64) -> bool {
    *window += increment;
    *window <= MAX_WINDOW
}

impl Http2 {
    pub(super) fn reset_by_peer(
        &mut self,
        head: Head,
        payload: &[u8],
        answers: &mut dyn Answers,
    ) -> Result<(), ProtocolError> {
        number(payload, "RST_STREAM is not four bytes long")?;
        if let Some(place) = self.find(head.stream)? {
            self.fail(place, answers);
        }
        Ok(())
    }

    pub(super) fn settings(
        &mut self,
        head: Head,
        payload: &[u8],
        out: &mut Vec<u8>,
    ) -> Result<(), ProtocolError> {
        of_connection(&head)?;
        if head.has(frame::ACK) {
            return Ok(());
        }
        let (settings, rest) = payload.as_chunks::<6>();
        if !rest.is_empty() {
            return Err(malformed("SETTINGS ends inside a setting"));
        }
        for &[a, b, ref value @ ..] in settings {
            self.setting(u16::from_be_bytes([a, b]), u32::from_be_bytes(*value))?;
        }
        self.greeted = true;
        self.owe(frame::HEAD_BYTES)?;
        frame::put_head(out, 0, frame::SETTINGS, frame::ACK, 0);
        self.pump_all(out);
        Ok(())
    }

    fn setting(&mut self, name: u16, value: u32) -> Result<(), ProtocolError> {
        match name {
            MAX_CONCURRENT_STREAMS => self.peer_streams = value as usize,
            INITIAL_WINDOW_SIZE => self.set_first_window(i64::from(value))?,
            MAX_FRAME_SIZE if (value as usize) < frame::MAX_PAYLOAD => {
                return Err(malformed("SETTINGS asks for frames smaller than permitted"));
            }
            _ => {} // We use no table for what we send, and no larger frames than the smallest limit.
        }
        Ok(())
    }

    /// Changes the windows of open streams too, which may make them negative (RFC 9113, section 6.9.2).
    fn set_first_window(&mut self, bytes: i64) -> Result<(), ProtocolError> {
        let change = bytes - self.first_window;
        self.first_window = bytes;
        let mut sound = bytes <= MAX_WINDOW;
        for place in self.streams.places() {
            sound &= widen(&mut self.streams.get(place).window, change)
                || self.streams.id(place).is_none();
        }
        if sound {
            Ok(())
        } else {
            Err(malformed("a window is larger than permitted"))
        }
    }

    pub(super) fn ping(
        &mut self,
        head: Head,
        payload: &[u8],
        out: &mut Vec<u8>,
    ) -> Result<(), ProtocolError> {
        of_connection(&head)?;
        if payload.len() != 8 {
            return Err(malformed("PING is not eight bytes long"));
        }
        if !head.has(frame::ACK) {
            self.owe(frame::HEAD_BYTES + payload.len())?;
            frame::put_head(out, payload.len(), frame::PING, frame::ACK, 0);
            out.extend_from_slice(payload);
        }
        Ok(())
    }

    /// A peer that asks and asks and reads no answer would fill our memory.
    fn owe(&mut self, bytes: usize) -> Result<(), ProtocolError> {
        self.owed_bytes += bytes;
        if self.owed_bytes > MAX_OWED_BYTES {
            return Err(ProtocolError::TooLarge(
                "the server sends PING or SETTINGS faster than it reads the answers".into(),
            ));
        }
        Ok(())
    }

    /// Streams that the peer will not look at fail; the others go on, and no new one is opened.
    pub(super) fn go_away(
        &mut self,
        head: Head,
        payload: &[u8],
        answers: &mut dyn Answers,
    ) -> Result<(), ProtocolError> {
        of_connection(&head)?;
        let Some(last) = payload.first_chunk::<4>().filter(|_| payload.len() >= 8) else {
            return Err(malformed("GOAWAY is shorter than eight bytes"));
        };
        self.going_away = true;
        let last = u32::from_be_bytes(*last) & 0x7fff_ffff;
        for place in self.streams.places() {
            if self.streams.id(place).is_some_and(|id| id > last) {
                self.fail(place, answers);
            }
        }
        Ok(())
    }

    pub(super) fn window_update(
        &mut self,
        head: Head,
        payload: &[u8],
        answers: &mut dyn Answers,
        out: &mut Vec<u8>,
    ) -> Result<(), ProtocolError> {
        let increment = number(payload, "WINDOW_UPDATE is not four bytes long")? & 0x7fff_ffff;
        if head.stream == 0 {
            if increment == 0 || !widen(&mut self.window, i64::from(increment)) {
                return Err(malformed(
                    "the connection's window is widened by nothing or too much",
                ));
            }
            self.pump_all(out);
        } else if let Some(place) = self.find(head.stream)? {
            let window = &mut self.streams.get(place).window;
            if increment == 0 || !widen(window, i64::from(increment)) {
                self.reset(place, Reason::FlowControl, answers, out);
            } else {
                self.pump(place, out);
            }
        }
        Ok(())
    }

    fn pump_all(&mut self, out: &mut Vec<u8>) {
        for place in self.streams.places() {
            self.pump(place, out);
        }
    }
}
