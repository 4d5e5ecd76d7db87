//! Header blocks of HTTP/2 (HPACK, RFC 7541), decoded without keeping what is not needed.
//!
//! Of a field only its meaning to us is kept, in the dynamic table too: which of three names it has, the number
//! that its value is, and its length. So decoding allocates nothing, whatever a peer sends.

mod huffman;

use std::collections::VecDeque;

use thiserror::Error;

use super::ProtocolError;

/// Largest dynamic table: what a peer may assume unless told otherwise.
pub(crate) const TABLE_BYTES: usize = 4096;
/// Largest header list, by HTTP/2's own measure: each field counts 32 bytes more than its text.
pub(crate) const MAX_LIST_BYTES: usize = 64 * 1024;
/// What each entry counts besides its text.
const ENTRY_BYTES: usize = 32;
const STATIC_ENTRIES: usize = 61;

/// Why a block cannot be decoded; the connection cannot go on, for the tables of both sides differ now.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
pub(crate) enum HpackError {
    #[error("a header block ends inside a field")]
    Truncated,
    #[error("a header block holds a number that is too large")]
    Integer,
    #[error("a header block refers to a field that is not in the table")]
    Index,
    #[error("a header block holds a malformed Huffman string")]
    Huffman,
    #[error("a header block sets a table size that was not allowed")]
    TableSize,
    #[error("a header list is longer than {MAX_LIST_BYTES} bytes")]
    TooLong,
}

impl From<HpackError> for ProtocolError {
    fn from(error: HpackError) -> Self {
        match error {
            HpackError::TooLong => Self::TooLarge(error.to_string()),
            _ => Self::Malformed(error.to_string()),
        }
    }
}

/// The names that mean something to us.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Name {
    Status,
    GrpcStatus,
    ContentLength,
    Other,
}

impl Name {
    fn of(text: &Text) -> Self {
        match text.short() {
            Some(b":status") => Self::Status,
            Some(b"grpc-status") => Self::GrpcStatus,
            Some(b"content-length") => Self::ContentLength,
            _ => Self::Other,
        }
    }
}

/// A decoded field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Field {
    pub(crate) name: Name,
    /// The value, where it is a decimal number.
    pub(crate) value: Option<u64>,
}

#[derive(Clone, Copy, Debug)]
struct Entry {
    field: Field,
    name_bytes: usize,
    value_bytes: usize,
}

impl Entry {
    const fn bytes(&self) -> usize {
        self.name_bytes + self.value_bytes + ENTRY_BYTES
    }
}

/// A string: its beginning, which is all that can matter, and its length.
struct Text {
    start: [u8; Self::KEPT],
    length: usize,
}

impl Text {
    /// Digits of the largest number; longer than the longest name.
    const KEPT: usize = 20;

    const fn new() -> Self {
        Self {
            start: [0; Self::KEPT],
            length: 0,
        }
    }

    fn plain(bytes: &[u8]) -> Self {
        let mut text = Self::new();
        let kept = bytes.len().min(Self::KEPT);
        text.start[..kept].copy_from_slice(&bytes[..kept]);
        text.length = bytes.len();
        text
    }

    const fn push(&mut self, byte: u8) {
        if self.length < Self::KEPT {
            self.start[self.length] = byte;
        }
        self.length += 1;
    }

    /// The whole string, if it is short.
    fn short(&self) -> Option<&[u8]> {
        self.start.get(..self.length)
    }

    fn number(&self) -> Option<u64> {
        let digits = self.short().filter(|digits| !digits.is_empty())?;
        digits.iter().try_fold(0_u64, |number, byte| {
            let digit = byte.checked_sub(b'0').filter(|digit| *digit < 10)?;
            number.checked_mul(10)?.checked_add(u64::from(digit))
        })
    }
}

/// Decodes the blocks of one connection, in order.
pub(crate) struct Decoder {
    /// The newest entry first.
    entries: VecDeque<Entry>,
    bytes: usize,
    limit: usize,
}

impl Decoder {
    pub(crate) fn new() -> Self {
        Self {
            entries: VecDeque::with_capacity(TABLE_BYTES / ENTRY_BYTES + 1),
            bytes: 0,
            limit: TABLE_BYTES,
        }
    }

    /// Hands each field of a complete block to `each`.
    ///
    /// # Errors
    /// When the block is malformed, or its list too long.
    pub(crate) fn decode(
        &mut self,
        block: &[u8],
        mut each: impl FnMut(Field),
    ) -> Result<(), HpackError> {
        let mut rest = block;
        let mut list_bytes = 0;
        while let Some(first) = rest.first().copied() {
            if first & 0xe0 == 0x20 {
                if list_bytes > 0 {
                    return Err(HpackError::TableSize); // Only before the first field.
                }
                self.resize(integer(&mut rest, 5)?)?;
                continue;
            }
            let entry = self.field(first, &mut rest)?;
            list_bytes += entry.bytes();
            if list_bytes > MAX_LIST_BYTES {
                return Err(HpackError::TooLong);
            }
            each(entry.field);
        }
        Ok(())
    }

    fn field(&mut self, first: u8, rest: &mut &[u8]) -> Result<Entry, HpackError> {
        if first & 0x80 != 0 {
            let index = integer(rest, 7)?;
            return self.lookup(index);
        }
        let added = first & 0x40 != 0;
        let index = integer(rest, if added { 6 } else { 4 })?;
        let (name, name_bytes) = if index == 0 {
            let text = string(rest)?;
            (Name::of(&text), text.length)
        } else {
            let known = self.lookup(index)?;
            (known.field.name, known.name_bytes)
        };
        let text = string(rest)?;
        let entry = Entry {
            field: Field {
                name,
                value: text.number(),
            },
            name_bytes,
            value_bytes: text.length,
        };
        if added {
            self.insert(entry);
        }
        Ok(entry)
    }

    fn lookup(&self, index: usize) -> Result<Entry, HpackError> {
        match index.checked_sub(STATIC_ENTRIES + 1) {
            Some(nth) => self.entries.get(nth).copied().ok_or(HpackError::Index),
            None if index > 0 => Ok(static_entry(index)),
            None => Err(HpackError::Index),
        }
    }

    fn insert(&mut self, entry: Entry) {
        self.bytes += entry.bytes();
        self.entries.push_front(entry);
        self.evict(); // Of an entry larger than the table only an empty table is left.
    }

    fn resize(&mut self, limit: usize) -> Result<(), HpackError> {
        if limit > TABLE_BYTES {
            return Err(HpackError::TableSize);
        }
        self.limit = limit;
        self.evict();
        Ok(())
    }

    fn evict(&mut self) {
        while self.bytes > self.limit
            && let Some(oldest) = self.entries.pop_back()
        {
            self.bytes -= oldest.bytes();
        }
    }
}

/// RFC 7541, appendix A: what of it matters to us. Lengths of the others' texts only count towards a bound and
/// towards the size of entries that take their names from here.
fn static_entry(index: usize) -> Entry {
    const STATUSES: [u64; 7] = [200, 204, 206, 304, 400, 404, 500];
    #[rustfmt::skip]
    const NAME_BYTES: [u8; STATIC_ENTRIES] = [
        10, 7, 7, 5, 5, 7, 7, 7, 7, 7, 7, 7, 7, 7, 14, 15, 15, 13, 6, 27,
        3, 5, 13, 13, 19, 16, 16, 14, 16, 13, 12, 6, 4, 4, 6, 7, 4, 4, 8, 17,
        13, 8, 19, 13, 4, 8, 12, 18, 19, 5, 7, 7, 11, 6, 10, 25, 17, 10, 4, 3,
        16,
    ];
    let (name, value) = match index {
        8..=14 => (Name::Status, Some(STATUSES[index - 8])),
        28 => (Name::ContentLength, None),
        _ => (Name::Other, None),
    };
    Entry {
        field: Field { name, value },
        name_bytes: usize::from(NAME_BYTES[index - 1]),
        value_bytes: 3,
    }
}

/// RFC 7541, section 5.1.
fn integer(rest: &mut &[u8], prefix_bits: u8) -> Result<usize, HpackError> {
    let mask = (1_usize << prefix_bits) - 1;
    let mut value = usize::from(take(rest)?) & mask;
    if value < mask {
        return Ok(value);
    }
    for shift in [0, 7, 14, 21] {
        let byte = usize::from(take(rest)?);
        value += (byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Ok(value);
        }
    }
    Err(HpackError::Integer)
}

fn take(rest: &mut &[u8]) -> Result<u8, HpackError> {
    let (first, behind) = rest.split_first().ok_or(HpackError::Truncated)?;
    *rest = behind;
    Ok(*first)
}

/// RFC 7541, section 5.2.
fn string(rest: &mut &[u8]) -> Result<Text, HpackError> {
    let coded = rest.first().is_some_and(|first| first & 0x80 != 0);
    let length = integer(rest, 7)?;
    let (bytes, behind) = rest.split_at_checked(length).ok_or(HpackError::Truncated)?;
    *rest = behind;
    if coded {
        huffman::decode(bytes)
    } else {
        Ok(Text::plain(bytes))
    }
}

#[cfg(test)]
mod tests;
