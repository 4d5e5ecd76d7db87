//! Locations: addresses, with the frames that were found at them.

use crate::index::Index;

/// The mapping of a location that lies in none.
pub const NO_MAPPING: u32 = u32::MAX;

/// Addresses in columns. An address is that of the executing instruction at the leaf and lies
/// inside the call instruction in callers, so that it can be looked up as it is.
#[derive(Clone)]
pub struct LocationTable {
    mappings: Vec<u32>,
    addresses: Vec<u64>,
    frame_ends: Vec<u32>,
    frames: Vec<u32>,
    index: Index,
}

impl Default for LocationTable {
    fn default() -> Self {
        Self {
            mappings: Vec::new(),
            addresses: Vec::new(),
            frame_ends: vec![0],
            frames: Vec::new(),
            index: Index::default(),
        }
    }
}

impl LocationTable {
    /// Returns the row of an address without frames, adding it if it is new.
    pub fn intern(&mut self, mapping: u32, address: u64) -> u32 {
        let next = self.addresses.len() as u32;
        let (mappings, addresses) = (&self.mappings, &self.addresses);
        let found = self.index.find_or_note(&(mapping, address), next, |row| {
            mappings[row as usize] == mapping && addresses[row as usize] == address
        });
        found.unwrap_or_else(|| self.push(mapping, address, []))
    }

    /// Adds a row with its frames, innermost first.
    pub fn push(
        &mut self,
        mapping: u32,
        address: u64,
        frames: impl IntoIterator<Item = u32>,
    ) -> u32 {
        self.mappings.push(mapping);
        self.addresses.push(address);
        self.frames.extend(frames);
        self.frame_ends.push(self.frames.len() as u32);
        (self.addresses.len() - 1) as u32
    }

    /// Number of rows.
    #[must_use]
    pub fn len(&self) -> usize {
        self.addresses.len()
    }

    /// Whether there are no rows.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.addresses.is_empty()
    }

    /// Mapping of each row, [`NO_MAPPING`] where there is none.
    #[must_use]
    pub fn mappings(&self) -> &[u32] {
        &self.mappings
    }

    /// Address of each row.
    #[must_use]
    pub fn addresses(&self) -> &[u64] {
        &self.addresses
    }

    /// Frames of a row, innermost first; empty before symbolising.
    #[must_use]
    pub fn frames(&self, row: u32) -> &[u32] {
        let row = row as usize;
        match (self.frame_ends.get(row), self.frame_ends.get(row + 1)) {
            (Some(&start), Some(&end)) => &self.frames[start as usize..end as usize],
            _ => &[],
        }
    }

    /// Replaces the frames of all rows; `frames` yields one list a row, in row order.
    pub fn set_frames(&mut self, frames: impl IntoIterator<Item = Vec<u32>>) {
        self.frames.clear();
        self.frame_ends.truncate(1);
        let mut lists = frames.into_iter();
        for _ in 0..self.addresses.len() {
            self.frames.extend(lists.next().unwrap_or_default());
            self.frame_ends.push(self.frames.len() as u32);
        }
    }
}
