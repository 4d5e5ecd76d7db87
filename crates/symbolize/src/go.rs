//! What Go's tables say of stacks, for binaries that are held open.

use memmap2::Mmap;
use symbols::GoStacks;

use crate::files::map;
use crate::modules::Modules;

/// A Go binary, stripped or not.
pub struct GoBinary {
    data: Mmap,
    stacks: GoStacks,
}

impl GoBinary {
    /// Bytes between the stack pointer and the return address when the code at an offset of the file
    /// is about to run; `None` outside of Go's code.
    #[must_use]
    pub fn depth(&self, file_offset: u64) -> Option<u32> {
        self.stacks.depth(&self.data, file_offset)
    }

    /// Whether Go's code stands at an offset of the file.
    #[must_use]
    pub fn is_code(&self, file_offset: u64) -> bool {
        self.stacks.is_code(&self.data, file_offset)
    }
}

impl Modules {
    /// The binary behind a path, if it is one of Go.
    #[must_use]
    pub fn go_binary(&self, path: &str) -> Option<GoBinary> {
        let data = map(self.file(path)?).ok()?;
        let stacks = GoStacks::read(&data)?;
        Some(GoBinary { data, stacks })
    }
}
