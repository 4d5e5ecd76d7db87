//! Bytes of a source, one after the other.

use std::io::{self, Read};

use crate::varint::{LONGEST, add};

const BUFFER_BYTES: usize = 1 << 18;

/// Why there is no further value.
#[derive(Debug)]
pub(crate) enum Stop {
    /// The source ended.
    End,
    /// It ended within something.
    Cut,
    /// It is no value.
    Damaged,
    /// The source failed.
    Failed(io::Error),
}

impl From<io::Error> for Stop {
    fn from(error: io::Error) -> Self {
        Self::Failed(error)
    }
}

/// A source with a buffer, which knows how far it has come.
pub(crate) struct Input<R> {
    source: R,
    buffer: Vec<u8>,
    at: usize,
    end: usize,
    /// Of the source, where the buffer begins.
    offset: u64,
}

impl<R: Read> Input<R> {
    pub(crate) fn new(source: R) -> Self {
        Self {
            source,
            buffer: vec![0; BUFFER_BYTES],
            at: 0,
            end: 0,
            offset: 0,
        }
    }

    /// Bytes taken so far.
    pub(crate) fn offset(&self) -> u64 {
        self.offset + self.at as u64
    }

    pub(crate) fn byte(&mut self) -> Result<u8, Stop> {
        if self.at == self.end && !self.fill()? {
            return Err(Stop::End);
        }
        let byte = self.buffer[self.at];
        self.at += 1;
        Ok(byte)
    }

    pub(crate) fn varint(&mut self) -> Result<u64, Stop> {
        let mut number = 0;
        for position in 0..LONGEST {
            let byte = self.byte()?;
            number = add(number, position, byte).ok_or(Stop::Damaged)?;
            if byte < 0x80 {
                return Ok(number);
            }
        }
        Err(Stop::Damaged)
    }

    /// Appends `length` bytes; false if the source ended before, with what there was appended.
    pub(crate) fn append(&mut self, into: &mut Vec<u8>, length: usize) -> io::Result<bool> {
        let mut missing = length;
        while missing > 0 {
            if self.at == self.end && !self.fill()? {
                return Ok(false);
            }
            let taken = missing.min(self.end - self.at);
            into.extend_from_slice(&self.buffer[self.at..self.at + taken]);
            self.at += taken;
            missing -= taken;
        }
        Ok(true)
    }

    /// Reads on into the empty buffer; false at the end of the source.
    fn fill(&mut self) -> io::Result<bool> {
        self.offset += self.end as u64;
        (self.at, self.end) = (0, 0);
        loop {
            match self.source.read(&mut self.buffer) {
                Ok(read) => {
                    self.end = read.min(self.buffer.len());
                    return Ok(self.end > 0);
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Gives one byte at a time.
    struct Drops<'a>(&'a [u8]);

    impl Read for Drops<'_> {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            self.0.read(&mut buffer[..1])
        }
    }

    #[test]
    fn values_go_on_over_the_ends_of_reads() -> Result<(), Stop> {
        let mut input = Input::new(Drops(&[7, 0x80, 1, 4, 5, 6]));
        assert_eq!(input.byte()?, 7);
        assert_eq!(input.varint()?, 128);
        let mut bytes = vec![1];
        assert!(input.append(&mut bytes, 2)?);
        assert_eq!(
            (bytes.as_slice(), input.offset()),
            ([1, 4, 5].as_slice(), 5)
        );
        assert!(!input.append(&mut bytes, 2)?);
        assert_eq!(bytes, [1, 4, 5, 6]);
        assert!(matches!(input.byte(), Err(Stop::End)));
        Ok(())
    }

    #[test]
    fn giant_numbers_are_damage() {
        let mut input = Input::new(&[0xff; 20][..]);
        assert!(matches!(input.varint(), Err(Stop::Damaged)));
        let mut cut = Input::new(&[0xff; 3][..]);
        assert!(matches!(cut.varint(), Err(Stop::End)));
    }
}
