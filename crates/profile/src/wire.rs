//! The part of the protobuf wire format that pprof uses.

use thiserror::Error;

/// Why bytes are not protobuf.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
pub enum WireError {
    /// The data end inside a value.
    #[error("the data end inside a value")]
    Truncated,
    /// A number is longer than 64 bits.
    #[error("a number is longer than 64 bits")]
    Varint,
    /// A field has a wire type that pprof does not use.
    #[error("field {0} has an unexpected wire type")]
    WireType(u64),
    /// A text is not UTF-8.
    #[error("a text is not UTF-8")]
    Text,
}

/// One value as it lies on the wire.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Value<'a> {
    Varint(u64),
    Bytes(&'a [u8]),
    /// Fixed-width numbers: pprof has none, so they are only skipped.
    Fixed,
}

/// Walks over the fields of one message.
#[derive(Clone, Copy)]
pub(crate) struct Fields<'a> {
    rest: &'a [u8],
}

impl<'a> Fields<'a> {
    pub(crate) fn new(message: &'a [u8]) -> Self {
        Self { rest: message }
    }

    /// Next field as (number, value); `None` at the end of the message.
    pub(crate) fn next(&mut self) -> Result<Option<(u64, Value<'a>)>, WireError> {
        if self.rest.is_empty() {
            return Ok(None);
        }
        let key = read_varint(&mut self.rest)?;
        let value = match key & 7 {
            0 => Value::Varint(read_varint(&mut self.rest)?),
            1 => self.take(8).map(|_| Value::Fixed)?,
            2 => {
                let length = read_varint(&mut self.rest)?;
                Value::Bytes(self.take(usize::try_from(length).map_err(|_| WireError::Truncated)?)?)
            }
            5 => self.take(4).map(|_| Value::Fixed)?,
            _ => return Err(WireError::WireType(key >> 3)),
        };
        Ok(Some((key >> 3, value)))
    }

    fn take(&mut self, length: usize) -> Result<&'a [u8], WireError> {
        let (taken, rest) = self
            .rest
            .split_at_checked(length)
            .ok_or(WireError::Truncated)?;
        self.rest = rest;
        Ok(taken)
    }
}

impl<'a> Value<'a> {
    pub(crate) fn unsigned(self, field: u64) -> Result<u64, WireError> {
        match self {
            Self::Varint(number) => Ok(number),
            _ => Err(WireError::WireType(field)),
        }
    }

    pub(crate) fn bytes(self, field: u64) -> Result<&'a [u8], WireError> {
        match self {
            Self::Bytes(bytes) => Ok(bytes),
            _ => Err(WireError::WireType(field)),
        }
    }

    pub(crate) fn text(self, field: u64) -> Result<&'a str, WireError> {
        std::str::from_utf8(self.bytes(field)?).map_err(|_| WireError::Text)
    }

    /// Adds a repeated number, packed or not.
    pub(crate) fn append_to(self, field: u64, numbers: &mut Vec<u64>) -> Result<(), WireError> {
        match self {
            Self::Varint(number) => numbers.push(number),
            Self::Bytes(mut packed) => {
                while !packed.is_empty() {
                    numbers.push(read_varint(&mut packed)?);
                }
            }
            Self::Fixed => return Err(WireError::WireType(field)),
        }
        Ok(())
    }
}

fn read_varint(bytes: &mut &[u8]) -> Result<u64, WireError> {
    let mut number = 0u64;
    for (position, &byte) in bytes.iter().enumerate() {
        let bits = u64::from(byte & 0x7f);
        let shift = 7 * position as u32;
        if position == 9 && bits > 1 || position > 9 {
            return Err(WireError::Varint);
        }
        number |= bits << shift;
        if byte & 0x80 == 0 {
            *bytes = &bytes[position + 1..];
            return Ok(number);
        }
    }
    Err(WireError::Truncated)
}

/// Collects one message. Zeros and empty texts are left out, as proto3 does.
#[derive(Default)]
pub(crate) struct Writer {
    bytes: Vec<u8>,
}

impl Writer {
    pub(crate) fn number(&mut self, field: u64, number: u64) {
        if number != 0 {
            self.key(field, 0);
            self.varint(number);
        }
    }

    pub(crate) fn signed(&mut self, field: u64, number: i64) {
        self.number(field, number.cast_unsigned());
    }

    /// Writes a text even if it is empty, as a repeated field needs.
    pub(crate) fn bytes(&mut self, field: u64, bytes: &[u8]) {
        self.key(field, 2);
        self.varint(bytes.len() as u64);
        self.bytes.extend_from_slice(bytes);
    }

    pub(crate) fn message(&mut self, field: u64, message: &Self) {
        self.bytes(field, &message.bytes);
    }

    pub(crate) fn packed(&mut self, field: u64, numbers: impl IntoIterator<Item = u64>) {
        let mut packed = Self::default();
        for number in numbers {
            packed.varint(number);
        }
        if !packed.bytes.is_empty() {
            self.message(field, &packed);
        }
    }

    pub(crate) fn finish(self) -> Vec<u8> {
        self.bytes
    }

    fn key(&mut self, field: u64, wire_type: u64) {
        self.varint(field << 3 | wire_type);
    }

    fn varint(&mut self, mut number: u64) {
        while number >= 0x80 {
            self.bytes.push(number as u8 | 0x80);
            number >>= 7;
        }
        self.bytes.push(number as u8);
    }
}
