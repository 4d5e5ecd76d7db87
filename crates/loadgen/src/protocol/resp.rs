//! RESP, versions 2 and 3, as Redis speaks it: one command, one reply.
//!
//! Payloads are complete commands. A reply is read piece by piece and never kept; its body is what its strings,
//! numbers and errors say, one behind the other, without types, lengths and line ends.

use super::single::UnderWay;
use super::{Answers, Protocol, ProtocolError};

/// Redis's own limit of a string.
const MAX_BULK_BYTES: u64 = 512 * 1024 * 1024;
const MAX_ELEMENTS: u64 = 1 << 32;
const MAX_DEPTH: usize = 32;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// At the first byte of a value.
    Kind,
    /// In the length of a string or the number of elements.
    Length {
        kind: u8,
        negative: bool,
        digits: u8,
    },
    /// In a value that is a line.
    Line,
    Bulk,
    /// Before the line end (two bytes, one byte) behind a string.
    BulkEnd(u8),
}

/// A value that holds others.
#[derive(Clone, Copy, Debug, Default)]
struct Level {
    left: u64,
    /// It is beside the reply: an attribute, or something pushed.
    aside: bool,
}

/// Reads one reply after another.
#[derive(Debug)]
pub(crate) struct Resp {
    state: State,
    /// A length so far, or bytes of a string still to come.
    number: u64,
    levels: [Level; MAX_DEPTH],
    depth: usize,
    /// The reply as a whole is an error.
    error: bool,
    under_way: UnderWay,
}

fn malformed(text: &str) -> ProtocolError {
    ProtocolError::Malformed(text.into())
}

impl Resp {
    pub(crate) fn new() -> Self {
        Self {
            state: State::Kind,
            number: 0,
            levels: [Level::default(); MAX_DEPTH],
            depth: 0,
            error: false,
            under_way: UnderWay::default(),
        }
    }

    /// Takes at least one byte; returns how many, and whether the reply ended with them.
    fn step(
        &mut self,
        bytes: &[u8],
        mut body: impl FnMut(&[u8]),
    ) -> Result<(usize, bool), ProtocolError> {
        match self.state {
            State::Line => {
                let end = bytes.iter().position(|byte| *byte == b'\n');
                let line = &bytes[..end.unwrap_or(bytes.len())];
                let text = line.strip_suffix(b"\r").unwrap_or(line);
                if !text.is_empty() {
                    body(text);
                }
                Ok(end.map_or((line.len(), false), |end| (end + 1, self.value_ended())))
            }
            State::Bulk => {
                let part = &bytes[..self.number.min(bytes.len() as u64) as usize];
                body(part);
                self.number -= part.len() as u64;
                if self.number == 0 {
                    self.state = State::BulkEnd(b'\r');
                }
                Ok((part.len(), false))
            }
            _ => Ok((1, self.byte(bytes[0])?)),
        }
    }

    /// Takes one byte of what frames values; returns whether the reply ended with it.
    fn byte(&mut self, byte: u8) -> Result<bool, ProtocolError> {
        match self.state {
            State::Kind => self.kind(byte)?,
            State::Length {
                kind,
                negative,
                digits,
            } => match byte {
                b'0'..=b'9' if digits < 18 => {
                    self.number = self.number * 10 + u64::from(byte - b'0');
                    self.state = State::Length {
                        kind,
                        negative,
                        digits: digits + 1,
                    };
                }
                b'-' if digits == 0 && !negative => {
                    self.state = State::Length {
                        kind,
                        negative: true,
                        digits,
                    };
                }
                b'\r' if digits > 0 => {}
                b'\n' if digits > 0 => return self.length(kind, negative),
                _ => return Err(malformed("a length in the reply is not a number")),
            },
            State::BulkEnd(expected) if byte == expected => {
                if expected == b'\n' {
                    return Ok(self.value_ended());
                }
                self.state = State::BulkEnd(b'\n');
            }
            _ => return Err(malformed("a string in the reply is longer than announced")),
        }
        Ok(false)
    }

    fn kind(&mut self, byte: u8) -> Result<(), ProtocolError> {
        self.error |= self.depth == 0 && matches!(byte, b'-' | b'!');
        self.number = 0;
        self.state = match byte {
            b'+' | b'-' | b':' | b'_' | b',' | b'#' | b'(' => State::Line,
            b'$' | b'!' | b'=' | b'*' | b'%' | b'~' | b'>' | b'|' => State::Length {
                kind: byte,
                negative: false,
                digits: 0,
            },
            _ => return Err(malformed("the reply is not RESP")),
        };
        Ok(())
    }

    /// A length is complete.
    fn length(&mut self, kind: u8, negative: bool) -> Result<bool, ProtocolError> {
        if negative {
            return Ok(self.value_ended()); // Null, of RESP2.
        }
        match kind {
            b'$' | b'!' | b'=' => {
                if self.number > MAX_BULK_BYTES {
                    return Err(ProtocolError::TooLarge(format!(
                        "a string of {} bytes is announced; at most {MAX_BULK_BYTES} are read",
                        self.number
                    )));
                }
                self.state = if self.number == 0 {
                    State::BulkEnd(b'\r')
                } else {
                    State::Bulk
                };
                Ok(false)
            }
            _ => self.enter(kind),
        }
    }

    /// Goes into a value that holds others.
    fn enter(&mut self, kind: u8) -> Result<bool, ProtocolError> {
        if self.depth == MAX_DEPTH || self.number > MAX_ELEMENTS {
            return Err(ProtocolError::TooLarge(format!(
                "the reply is nested deeper than {MAX_DEPTH} or has more than {MAX_ELEMENTS} elements"
            )));
        }
        let pairs = matches!(kind, b'%' | b'|');
        self.state = State::Kind;
        self.levels[self.depth] = Level {
            left: if pairs { self.number * 2 } else { self.number },
            aside: kind == b'|' || (kind == b'>' && self.depth == 0),
        };
        self.depth += 1;
        Ok(self.number == 0 && self.leave())
    }

    /// A value is complete; returns whether the reply is.
    fn value_ended(&mut self) -> bool {
        self.state = State::Kind;
        let Some(inner) = self.depth.checked_sub(1) else {
            return true;
        };
        self.levels[inner].left -= 1;
        self.levels[inner].left == 0 && self.leave()
    }

    /// All values that one holds are complete.
    fn leave(&mut self) -> bool {
        loop {
            self.depth -= 1;
            if self.levels[self.depth].aside {
                return false;
            }
            let Some(outer) = self.depth.checked_sub(1) else {
                return true;
            };
            self.levels[outer].left -= 1;
            if self.levels[outer].left > 0 {
                return false;
            }
        }
    }
}

impl Protocol for Resp {
    fn room(&self) -> usize {
        usize::from(self.under_way.is_idle())
    }

    fn send(&mut self, tag: u32, payload: &[u8], out: &mut Vec<u8>) {
        self.under_way.begin(tag);
        self.error = false;
        out.extend_from_slice(payload);
    }

    fn cancel(&mut self, _: u32, _: &mut Vec<u8>) -> bool {
        false // Its reply will come, and would be taken for that to the next command.
    }

    fn receive(
        &mut self,
        mut bytes: &[u8],
        answers: &mut dyn Answers,
        _: &mut Vec<u8>,
    ) -> Result<(), ProtocolError> {
        while !bytes.is_empty() {
            let tag = self.under_way.expect(answers)?;
            let (taken, ended) = self.step(bytes, |part| answers.body(tag, part))?;
            self.under_way.count(taken);
            bytes = &bytes[taken..];
            if ended {
                self.under_way.complete(u16::from(self.error), answers);
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
