//! What Go's tables say of stacks.

use symbols::GoStacks;

use crate::bytes::Bytes;

/// A Go binary, stripped or not.
pub(crate) struct GoBinary {
    data: Bytes,
    stacks: GoStacks,
}

impl GoBinary {
    /// `None` if it is not one of Go.
    pub(crate) fn read(data: Bytes) -> Option<Self> {
        let stacks = GoStacks::read(&data)?;
        Some(Self { data, stacks })
    }

    /// Bytes between the stack pointer and the return address when the code at an offset of the file
    /// is about to run; `None` outside of Go's code.
    pub(crate) fn depth(&self, file_offset: u64) -> Option<u32> {
        self.stacks.depth(&self.data, file_offset)
    }

    /// Whether Go's code stands at an offset of the file.
    pub(crate) fn is_code(&self, file_offset: u64) -> bool {
        self.stacks.is_code(&self.data, file_offset)
    }
}
