//! Little-endian numbers off the front of bytes; nothing is read beyond their end.

/// What is left of the bytes.
#[derive(Clone, Copy)]
pub(crate) struct Fields<'a>(pub(crate) &'a [u8]);

impl<'a> Fields<'a> {
    fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (bytes, rest) = self.0.split_first_chunk::<N>()?;
        self.0 = rest;
        Some(*bytes)
    }

    pub(crate) fn bytes(&mut self, length: u64) -> Option<&'a [u8]> {
        let (bytes, rest) = self.0.split_at_checked(usize::try_from(length).ok()?)?;
        self.0 = rest;
        Some(bytes)
    }

    pub(crate) fn skip(&mut self, length: u64) -> Option<&mut Self> {
        self.bytes(length)?;
        Some(self)
    }

    pub(crate) fn u16(&mut self) -> Option<u16> {
        self.array().map(u16::from_le_bytes)
    }

    pub(crate) fn u32(&mut self) -> Option<u32> {
        self.array().map(u32::from_le_bytes)
    }

    pub(crate) fn i32(&mut self) -> Option<i32> {
        self.array().map(i32::from_le_bytes)
    }

    pub(crate) fn u64(&mut self) -> Option<u64> {
        self.array().map(u64::from_le_bytes)
    }

    /// Text up to a zero byte, which is consumed, or to the end.
    pub(crate) fn text(&mut self) -> &'a [u8] {
        let end = self.0.iter().position(|&byte| byte == 0);
        let text = &self.0[..end.unwrap_or(self.0.len())];
        self.0 = self.0.get(text.len() + 1..).unwrap_or_default();
        text
    }

    /// Text in a field of a length that goes before it, padded with zero bytes.
    pub(crate) fn sized_text(&mut self) -> Option<&'a [u8]> {
        let length = self.u32()?;
        Some(Fields(self.bytes(u64::from(length))?).text())
    }
}

/// The number at an offset, if the bytes reach so far.
pub(crate) fn u64_at(bytes: &[u8], offset: usize) -> Option<u64> {
    Fields(bytes.get(offset..)?).u64()
}

/// The number at an offset, if the bytes reach so far.
pub(crate) fn i32_at(bytes: &[u8], offset: usize) -> Option<i32> {
    Fields(bytes.get(offset..)?).i32()
}
