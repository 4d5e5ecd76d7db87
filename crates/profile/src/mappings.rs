//! Files mapped into a process.

use crate::index::Index;
use crate::strings::StringId;

/// One executable mapping: addresses `[start, limit)` show the file from `file_offset` on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct MappingRow {
    /// First address.
    pub start: u64,
    /// First address behind it; 0 where unknown.
    pub limit: u64,
    /// Offset in the file that is seen at `start`.
    pub file_offset: u64,
    /// Path of the file, or a name in brackets.
    pub path: StringId,
    /// GNU or Go build ID; empty where unknown.
    pub build_id: StringId,
    /// Whether this is the kernel.
    pub kernel: bool,
}

/// Each mapping once.
#[derive(Clone, Default)]
pub struct MappingTable {
    rows: Vec<MappingRow>,
    index: Index,
}

impl MappingTable {
    /// Returns the number of a mapping, adding it if it is new.
    pub fn intern(&mut self, row: MappingRow) -> u32 {
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

    /// All mappings in row order.
    #[must_use]
    pub fn rows(&self) -> &[MappingRow] {
        &self.rows
    }

    /// A mapping of this table; absent for [`crate::NO_MAPPING`].
    #[must_use]
    pub fn get(&self, mapping: u32) -> Option<&MappingRow> {
        self.rows.get(mapping as usize)
    }

    /// Notes the build ID of a mapping once it is known.
    pub fn set_build_id(&mut self, mapping: u32, build_id: StringId) {
        if let Some(row) = self.rows.get_mut(mapping as usize) {
            row.build_id = build_id;
        }
    }
}
