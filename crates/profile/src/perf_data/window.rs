//! A file seen through a window: never copied whole into memory, and, unlike a mapping, safe when
//! somebody cuts the file short while it is read.

use std::io::{self, Read};

/// Bytes asked of the source at once: holds any record, which is below 64 KiB, and fits a core's cache.
const LENGTH: usize = 1 << 18;

/// The next bytes of a source.
pub(crate) struct Window<R> {
    source: R,
    buffer: Vec<u8>,
    start: usize,
    end: usize,
    offset: u64,
}

impl<R: Read> Window<R> {
    /// Looks at a source whose next byte lies at `offset` of the file.
    pub(crate) fn new(source: R, offset: u64) -> Self {
        Self {
            source,
            buffer: vec![0; LENGTH],
            start: 0,
            end: 0,
            offset,
        }
    }

    /// Where in the file the window begins.
    pub(crate) fn offset(&self) -> u64 {
        self.offset
    }

    /// The next `length` bytes, fewer only at the end of the source or where they exceed the window.
    pub(crate) fn peek(&mut self, length: usize) -> io::Result<&[u8]> {
        if self.end - self.start < length {
            self.fill(length)?;
        }
        let end = self.end.min(self.start + length);
        Ok(&self.buffer[self.start..end])
    }

    /// Moves on over bytes that were seen.
    pub(crate) fn skip(&mut self, length: usize) {
        let length = length.min(self.end - self.start);
        self.start += length;
        self.offset += length as u64;
    }

    /// Moves on over bytes that need not be seen; stops at the end of the source.
    pub(crate) fn skip_unseen(&mut self, mut length: u64) -> io::Result<()> {
        while length > 0 {
            let seen = self.peek(length.min(LENGTH as u64) as usize)?.len();
            if seen == 0 {
                break;
            }
            self.skip(seen);
            length -= seen as u64;
        }
        Ok(())
    }

    fn fill(&mut self, length: usize) -> io::Result<()> {
        self.buffer.copy_within(self.start..self.end, 0);
        self.end -= self.start;
        self.start = 0;
        while self.end < length.min(LENGTH) {
            match self.source.read(&mut self.buffer[self.end..]) {
                Ok(0) => break,
                Ok(count) => self.end += count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }
}
