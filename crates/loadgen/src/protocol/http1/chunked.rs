//! The chunked transfer coding (RFC 9112, section 7.1), byte by byte where it must be.

use super::response::ResponseError;

/// Longest chunk line or trailer section.
pub(crate) const MAX_LINE_BYTES: usize = 8 * 1024;

#[derive(Clone, Copy, Debug)]
enum State {
    /// Hexadecimal digits of a chunk's size.
    Size,
    /// Rest of the size's line.
    Extension,
    Data,
    /// The line end behind a chunk's data.
    DataEnd,
    /// At the start of a trailer line; an empty one ends the body.
    TrailerStart,
    Trailer,
}

/// Reads one chunked body.
#[derive(Debug)]
pub(crate) struct Chunked {
    state: State,
    /// Digits seen in Size, then data left in Data.
    left: u64,
    digits: u8,
    /// Bytes of the line or trailer section so far.
    line: usize,
}

impl Chunked {
    pub(crate) const fn new() -> Self {
        Self {
            state: State::Size,
            left: 0,
            digits: 0,
            line: 0,
        }
    }

    /// Hands the data to `body`; returns how many bytes were consumed and whether the body ended with them.
    pub(crate) fn feed(
        &mut self,
        bytes: &[u8],
        body: &mut impl FnMut(&[u8]),
    ) -> Result<(usize, bool), ResponseError> {
        let mut used = 0;
        while used < bytes.len() {
            if matches!(self.state, State::Data) {
                let step = self.left.min((bytes.len() - used) as u64);
                self.left -= step;
                body(&bytes[used..used + step as usize]);
                used += step as usize;
                if self.left == 0 {
                    self.enter(State::DataEnd);
                }
                continue;
            }
            let ended = self.step(bytes[used])?;
            used += 1;
            if ended {
                return Ok((used, true));
            }
        }
        Ok((used, false))
    }

    const fn enter(&mut self, state: State) {
        self.state = state;
        self.line = 0;
    }

    fn step(&mut self, byte: u8) -> Result<bool, ResponseError> {
        self.line += 1;
        if self.line > MAX_LINE_BYTES {
            return Err(ResponseError::Chunk);
        }
        match self.state {
            State::Size => self.size(byte)?,
            State::Extension if byte == b'\n' => self.line_ended(),
            State::DataEnd => self.data_end(byte)?,
            State::TrailerStart if byte == b'\n' => return Ok(true),
            State::TrailerStart if byte != b'\r' => self.state = State::Trailer,
            State::Trailer if byte == b'\n' => self.state = State::TrailerStart,
            State::Extension | State::TrailerStart | State::Trailer | State::Data => {}
        }
        Ok(false)
    }

    fn size(&mut self, byte: u8) -> Result<(), ResponseError> {
        match (byte as char).to_digit(16) {
            Some(digit) if self.digits < 15 => {
                self.left = self.left << 4 | u64::from(digit);
                self.digits += 1;
                Ok(())
            }
            None if self.digits > 0 && byte == b'\n' => {
                self.line_ended();
                Ok(())
            }
            None if self.digits > 0 && matches!(byte, b'\r' | b';' | b' ' | b'\t') => {
                self.state = State::Extension;
                Ok(())
            }
            _ => Err(ResponseError::Chunk),
        }
    }

    const fn line_ended(&mut self) {
        self.digits = 0;
        let next = if self.left == 0 {
            State::TrailerStart
        } else {
            State::Data
        };
        self.enter(next);
    }

    fn data_end(&mut self, byte: u8) -> Result<(), ResponseError> {
        match byte {
            b'\r' if self.line == 1 => Ok(()),
            b'\n' => {
                self.enter(State::Size);
                Ok(())
            }
            _ => Err(ResponseError::Chunk),
        }
    }
}
