//! Protocols of which only the framing is known: lines, and messages with their length before them.
//!
//! Payloads are exactly the bytes to send, one message each. Answers are handed on as they come, never kept, so a
//! line may be of any length.

use schedule::Framing;

use super::single::UnderWay;
use super::{Answers, Protocol, ProtocolError};

/// Longest message that a length may announce.
const MAX_MESSAGE_BYTES: u64 = 256 * 1024 * 1024;

/// Answers of a fixed number of lines; line ends belong to the body.
#[derive(Debug)]
pub(crate) struct Lines {
    hello: Vec<u8>,
    /// Lines that the server still has to say before the first request.
    greeting: u32,
    answer_lines: u32,
    /// Lines of the answer still to come.
    left: u32,
    /// Lines that come while nothing is under way are passed over.
    skip_unasked: bool,
    /// Such a line has begun and not ended.
    skipping: bool,
    under_way: UnderWay,
}

impl Lines {
    /// `hello` is sent at once; `greeting_lines` are what the server says unasked or to `hello`.
    pub(crate) fn new(hello: &[u8], greeting_lines: u32, answer_lines: u32) -> Self {
        Self {
            hello: hello.to_vec(),
            greeting: greeting_lines,
            answer_lines: answer_lines.max(1),
            left: 0,
            skip_unasked: false,
            skipping: false,
            under_way: UnderWay::default(),
        }
    }

    /// The same, passing over lines between requests or not.
    pub(crate) const fn skipping_unasked(mut self, skip: bool) -> Self {
        self.skip_unasked = skip;
        self
    }
}

/// The first line with its end, or the beginning of one; whether it is whole.
fn first_line(bytes: &[u8]) -> (&[u8], bool) {
    match bytes.iter().position(|byte| *byte == b'\n') {
        Some(end) => (&bytes[..=end], true),
        None => (bytes, false),
    }
}

impl Protocol for Lines {
    fn open(&mut self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.hello);
    }

    fn room(&self) -> usize {
        usize::from(self.greeting == 0 && !self.skipping && self.under_way.is_idle())
    }

    fn send(&mut self, tag: u32, payload: &[u8], out: &mut Vec<u8>) {
        self.under_way.begin(tag);
        self.left = self.answer_lines;
        out.extend_from_slice(payload);
    }

    fn cancel(&mut self, _: u32, _: &mut Vec<u8>) -> bool {
        false // Nothing tells a late answer from that to the next request.
    }

    fn receive(
        &mut self,
        mut bytes: &[u8],
        answers: &mut dyn Answers,
        _: &mut Vec<u8>,
    ) -> Result<(), ProtocolError> {
        while !bytes.is_empty() {
            let (line, whole) = first_line(bytes);
            bytes = &bytes[line.len()..];
            if self.greeting > 0 {
                self.greeting -= u32::from(whole);
                continue;
            }
            if self.skipping || (self.skip_unasked && self.under_way.is_idle()) {
                self.skipping = !whole;
                continue;
            }
            let tag = self.under_way.expect(answers)?;
            self.under_way.count(line.len());
            answers.body(tag, line);
            self.left -= u32::from(whole);
            if self.left == 0 {
                self.under_way.complete(0, answers);
            }
        }
        Ok(())
    }
}

/// How a message tells its length.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Prefix {
    /// 1, 2, 4 or 8.
    pub(crate) bytes: u8,
    pub(crate) big_endian: bool,
    /// The length counts the prefix too.
    pub(crate) includes_itself: bool,
}

impl Prefix {
    /// As the schedule tells.
    pub(crate) const fn of(framing: &Framing) -> Self {
        Self {
            bytes: framing.prefix_bytes,
            big_endian: framing.big_endian,
            includes_itself: framing.includes_prefix,
        }
    }

    const fn length(self) -> usize {
        match self.bytes {
            0 => 1,
            1..=8 => self.bytes as usize,
            _ => 8,
        }
    }

    /// The length of the message behind a prefix.
    fn message_bytes(self, prefix: &[u8]) -> Result<u64, ProtocolError> {
        let shift = |number: u64, byte: &u8| number << 8 | u64::from(*byte);
        let told = if self.big_endian {
            prefix.iter().fold(0, shift)
        } else {
            prefix.iter().rev().fold(0, shift)
        };
        let own = if self.includes_itself {
            prefix.len() as u64
        } else {
            0
        };
        let length = told.checked_sub(own).ok_or_else(|| {
            ProtocolError::Malformed(format!(
                "a message is {told} bytes long with its prefix of {own}"
            ))
        })?;
        if length > MAX_MESSAGE_BYTES {
            return Err(ProtocolError::TooLarge(format!(
                "a message of {length} bytes is announced; at most {MAX_MESSAGE_BYTES} are read"
            )));
        }
        Ok(length)
    }
}

/// One message in answer to each; the prefix does not belong to the body.
#[derive(Debug)]
pub(crate) struct LengthPrefixed {
    prefix: Prefix,
    start: [u8; 8],
    /// Bytes of the prefix that have come.
    filled: usize,
    /// Bytes of the message still to come.
    left: u64,
    under_way: UnderWay,
}

impl LengthPrefixed {
    pub(crate) fn new(prefix: Prefix) -> Self {
        Self {
            prefix,
            start: [0; 8],
            filled: 0,
            left: 0,
            under_way: UnderWay::default(),
        }
    }

    /// Takes bytes of the prefix; returns how many.
    fn take_prefix(&mut self, bytes: &[u8]) -> Result<usize, ProtocolError> {
        let room = &mut self.start[self.filled..self.prefix.length()];
        let taken = room.len().min(bytes.len());
        room[..taken].copy_from_slice(&bytes[..taken]);
        self.filled += taken;
        if self.filled == self.prefix.length() {
            self.left = self.prefix.message_bytes(&self.start[..self.filled])?;
        }
        Ok(taken)
    }
}

impl Protocol for LengthPrefixed {
    fn room(&self) -> usize {
        usize::from(self.under_way.is_idle())
    }

    fn send(&mut self, tag: u32, payload: &[u8], out: &mut Vec<u8>) {
        self.under_way.begin(tag);
        self.filled = 0;
        out.extend_from_slice(payload);
    }

    fn cancel(&mut self, _: u32, _: &mut Vec<u8>) -> bool {
        false
    }

    fn receive(
        &mut self,
        mut bytes: &[u8],
        answers: &mut dyn Answers,
        _: &mut Vec<u8>,
    ) -> Result<(), ProtocolError> {
        while !bytes.is_empty() {
            let tag = self.under_way.expect(answers)?;
            let taken = if self.filled < self.prefix.length() {
                self.take_prefix(bytes)?
            } else {
                let part = &bytes[..self.left.min(bytes.len() as u64) as usize];
                answers.body(tag, part);
                self.left -= part.len() as u64;
                part.len()
            };
            self.under_way.count(taken);
            bytes = &bytes[taken..];
            if self.filled == self.prefix.length() && self.left == 0 {
                self.under_way.complete(0, answers);
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
