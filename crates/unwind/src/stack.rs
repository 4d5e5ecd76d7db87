//! What of a stack came with a sample.

/// Bytes from the stack pointer upwards.
#[derive(Clone, Copy, Debug)]
pub struct StackCopy<'a> {
    /// Address of the first byte: the stack pointer.
    pub start: u64,
    /// The bytes.
    pub bytes: &'a [u8],
    /// Whether the copy ended because of its bound: the stack goes on above it.
    pub is_cut: bool,
}

/// No stack goes on for longer above its copy; what lies further away is no stack.
const MOST_ABOVE: u64 = 64 << 20;

impl StackCopy<'_> {
    /// The word at an address, if the copy holds it.
    pub(crate) fn word(&self, address: u64) -> Option<u64> {
        let offset = usize::try_from(address.checked_sub(self.start)?).ok()?;
        let bytes = self.bytes.get(offset..)?.first_chunk()?;
        Some(u64::from_le_bytes(*bytes))
    }

    /// Whether a word that the copy does not hold lies in the part that was cut off.
    pub(crate) fn was_cut_before(&self, address: u64) -> bool {
        let end = self.start.saturating_add(self.bytes.len() as u64);
        let last_word = end.saturating_sub(7);
        self.is_cut && (last_word..end.saturating_add(MOST_ABOVE)).contains(&address)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_read_whole_or_not_at_all() {
        let bytes: Vec<u8> = (0..20).collect();
        let stack = StackCopy {
            start: 0x1000,
            bytes: &bytes,
            is_cut: true,
        };
        assert_eq!(stack.word(0x1000), Some(0x0706_0504_0302_0100));
        assert_eq!(stack.word(0x100c), Some(0x1312_1110_0f0e_0d0c));
        assert_eq!(stack.word(0x100d), None);
        assert_eq!(stack.word(0xfff), None);
        assert_eq!(stack.word(u64::MAX), None);
        assert!(stack.was_cut_before(0x100d));
        assert!(stack.was_cut_before(0x2000));
        assert!(!stack.was_cut_before(0xfff));
        assert!(!stack.was_cut_before(u64::MAX));
    }

    #[test]
    fn above_a_whole_stack_there_is_nothing() {
        let stack = StackCopy {
            start: 0x1000,
            bytes: &[0; 16],
            is_cut: false,
        };
        assert!(!stack.was_cut_before(0x1010));
    }
}
