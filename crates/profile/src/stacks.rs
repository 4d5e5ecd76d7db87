//! Unique stacks.

use crate::index::Index;

/// Stacks in columns: locations leaf first, and the labels they were seen with.
#[derive(Clone)]
pub struct StackTable {
    ends: Vec<u32>,
    locations: Vec<u32>,
    labels: Vec<u32>,
    index: Index,
}

impl Default for StackTable {
    fn default() -> Self {
        Self {
            ends: vec![0],
            locations: Vec::new(),
            labels: Vec::new(),
            index: Index::default(),
        }
    }
}

impl StackTable {
    /// Returns the row of a stack, adding it if it is new. Equal stacks with other labels are other rows.
    pub fn intern(&mut self, locations: &[u32], labels: u32) -> u32 {
        let next = self.labels.len() as u32;
        let mut index = std::mem::take(&mut self.index);
        let found = index.find_or_note(&(locations, labels), next, |row| {
            self.is_same(row, locations, labels)
        });
        self.index = index;
        found.unwrap_or_else(|| {
            self.locations.extend_from_slice(locations);
            self.ends.push(self.locations.len() as u32);
            self.labels.push(labels);
            next
        })
    }

    /// Whether a stack without labels has a row.
    #[must_use]
    pub fn contains(&self, locations: &[u32]) -> bool {
        let found = self
            .index
            .find(&(locations, 0u32), |row| self.is_same(row, locations, 0));
        found.is_some()
    }

    /// Number of rows.
    #[must_use]
    pub fn len(&self) -> usize {
        self.labels.len()
    }

    /// Whether there are no rows.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.labels.is_empty()
    }

    /// Locations of a stack, leaf first; empty for an unknown row.
    #[must_use]
    pub fn locations(&self, row: u32) -> &[u32] {
        let row = row as usize;
        match (self.ends.get(row), self.ends.get(row + 1)) {
            (Some(&start), Some(&end)) => &self.locations[start as usize..end as usize],
            _ => &[],
        }
    }

    /// Label set of a stack, row of [`crate::LabelSets`].
    #[must_use]
    pub fn labels(&self, row: u32) -> u32 {
        self.labels.get(row as usize).copied().unwrap_or(0)
    }

    /// Sum of the lengths of all stacks: what the table costs in memory.
    #[must_use]
    pub fn total_locations(&self) -> usize {
        self.locations.len()
    }

    fn is_same(&self, row: u32, locations: &[u32], labels: u32) -> bool {
        self.labels(row) == labels && self.locations(row) == locations
    }
}
