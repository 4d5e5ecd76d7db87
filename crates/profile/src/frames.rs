//! Frames: what remains of an address once it has a name.

use crate::index::Index;
use crate::strings::StringId;

/// One call: a function at a line. Equal calls share a row.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct FrameRow {
    /// Name as people read it.
    pub function: StringId,
    /// Name as the linker knows it; empty: the same.
    pub system_name: StringId,
    /// Source file; empty where unknown.
    pub file: StringId,
    /// Path of the binary, or a name in brackets such as `[kernel]`.
    pub module: StringId,
    /// Line being executed, from 1; 0 where unknown.
    pub line: i32,
    /// Line on which the function begins; 0 where unknown.
    pub start_line: i32,
    /// Whether the compiler copied this function into the next frame's.
    pub inlined: bool,
    /// Whether it runs in the kernel.
    pub kernel: bool,
}

/// Each frame once.
#[derive(Clone, Default)]
pub struct FrameTable {
    rows: Vec<FrameRow>,
    index: Index,
}

impl FrameTable {
    /// Returns the number of a frame, adding it if it is new.
    pub fn intern(&mut self, row: FrameRow) -> u32 {
        let next = self.rows.len() as u32;
        let rows = &self.rows;
        let found = self
            .index
            .find_or_note(&row, next, |other| rows[other as usize] == row);
        found.unwrap_or_else(|| {
            self.rows.push(row);
            next
        })
    }

    /// All frames in row order.
    #[must_use]
    pub fn rows(&self) -> &[FrameRow] {
        &self.rows
    }
}
