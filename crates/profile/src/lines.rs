//! Lines of text of any length, in bounded memory.

use std::io::{self, Read};

const CHUNK: usize = 1 << 18;
/// Longer lines are cut; the rest of them is passed over.
const LONGEST: usize = 1 << 20;

/// Reads a source line by line.
pub(crate) struct Lines<R> {
    source: R,
    buffer: Vec<u8>,
    start: usize,
    end: usize,
    /// Bytes of the source before the next line.
    offset: u64,
    /// Whether the rest of a line that was too long comes next.
    is_within_cut: bool,
}

impl<R: Read> Lines<R> {
    pub(crate) fn new(source: R) -> Self {
        Self {
            source,
            buffer: vec![0; CHUNK],
            start: 0,
            end: 0,
            offset: 0,
            is_within_cut: false,
        }
    }

    pub(crate) fn offset(&self) -> u64 {
        self.offset
    }

    /// The next line without its end; `None` at the end of the source.
    pub(crate) fn next(&mut self) -> io::Result<Option<&[u8]>> {
        while std::mem::take(&mut self.is_within_cut) {
            let unread = &self.buffer[self.start..self.end];
            let end = memchr::memchr(b'\n', unread);
            self.skip(end.map_or(unread.len(), |end| end + 1));
            self.is_within_cut = end.is_none() && self.fill()?;
        }
        let mut searched = 0;
        let length = loop {
            let unread = &self.buffer[self.start..self.end];
            if let Some(found) = memchr::memchr(b'\n', &unread[searched..]) {
                break searched + found;
            }
            searched = unread.len();
            if searched >= LONGEST {
                self.is_within_cut = true;
                break LONGEST;
            }
            if !self.fill()? {
                if searched == 0 {
                    return Ok(None);
                }
                break searched;
            }
        };
        let start = self.start;
        self.skip(length + usize::from(!self.is_within_cut));
        let line = &self.buffer[start..start + length];
        Ok(Some(line.strip_suffix(b"\r").unwrap_or(line)))
    }

    fn skip(&mut self, length: usize) {
        let length = length.min(self.end - self.start);
        self.start += length;
        self.offset += length as u64;
    }

    /// Reads more; `false` at the end of the source.
    fn fill(&mut self) -> io::Result<bool> {
        self.buffer.copy_within(self.start..self.end, 0);
        self.end -= self.start;
        self.start = 0;
        if self.end == self.buffer.len() {
            self.buffer.resize(self.end * 2, 0);
        }
        loop {
            match self.source.read(&mut self.buffer[self.end..]) {
                Ok(count) => {
                    self.end += count;
                    return Ok(count > 0);
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::expect_used, clippy::panic)]

    use proptest::prelude::*;

    use super::*;

    fn all(text: &[u8]) -> (Vec<Vec<u8>>, u64) {
        let mut lines = Lines::new(text);
        let mut found = Vec::new();
        while let Some(line) = lines.next().expect("bytes can be read") {
            found.push(line.to_vec());
        }
        (found, lines.offset())
    }

    #[test]
    fn lines_are_cut_where_they_are_too_long() {
        let long = vec![b'a'; 3 * LONGEST];
        let text = [b"first\r\n", &long[..], b"\nlast"].concat();
        let (lines, offset) = all(&text);
        assert_eq!(lines.len(), 3);
        assert_eq!(
            (lines[0].as_slice(), lines[1].len(), lines[2].as_slice()),
            (&b"first"[..], LONGEST, &b"last"[..])
        );
        assert_eq!(offset, text.len() as u64);
    }

    proptest! {
        #[test]
        fn lines_are_those_of_the_text(text in "[ab\n]{0,300}") {
            let (lines, offset) = all(text.as_bytes());
            let expected: Vec<Vec<u8>> = text.lines().map(|line| line.as_bytes().to_vec()).collect();
            prop_assert_eq!(lines, expected);
            prop_assert_eq!(offset, text.len() as u64);
        }
    }
}
