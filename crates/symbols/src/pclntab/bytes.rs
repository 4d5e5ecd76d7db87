//! Numbers in a table of any byte order; what lies outside of it is absent.

/// Byte order and size of a pointer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Layout {
    pub(super) big_endian: bool,
    /// 4 or 8 bytes.
    pub(super) pointer: usize,
}

impl Layout {
    pub(super) fn u32(self, data: &[u8], at: usize) -> Option<u32> {
        let bytes = data.get(at..at.checked_add(4)?)?.try_into().ok()?;
        Some(if self.big_endian {
            u32::from_be_bytes(bytes)
        } else {
            u32::from_le_bytes(bytes)
        })
    }

    pub(super) fn i32(self, data: &[u8], at: usize) -> Option<i32> {
        self.u32(data, at).map(u32::cast_signed)
    }

    /// A number of the size of a pointer.
    pub(super) fn word(self, data: &[u8], at: usize) -> Option<u64> {
        if self.pointer == 4 {
            return self.u32(data, at).map(u64::from);
        }
        let bytes = data.get(at..at.checked_add(8)?)?.try_into().ok()?;
        Some(if self.big_endian {
            u64::from_be_bytes(bytes)
        } else {
            u64::from_le_bytes(bytes)
        })
    }
}

/// Reads an unsigned LEB128 number of at most 32 bits and moves `at` behind it.
pub(super) fn varint(data: &[u8], at: &mut usize) -> Option<u32> {
    let mut value = 0;
    for shift in (0..35).step_by(7) {
        let byte = *data.get(*at)?;
        *at += 1;
        value |= u32::from(byte & 0x7f).wrapping_shl(shift);
        if byte < 0x80 {
            return Some(value);
        }
    }
    None
}

/// The text up to the next zero byte.
pub(super) fn text(data: &[u8], at: usize) -> Option<String> {
    /// Longer names than any compiler writes.
    const MOST: usize = 1 << 16;
    let rest = data.get(at..)?;
    let rest = &rest[..rest.len().min(MOST)];
    let length = rest.iter().position(|&byte| byte == 0)?;
    Some(String::from_utf8_lossy(&rest[..length]).into_owned())
}
