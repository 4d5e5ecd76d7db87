//! What a search knows of each stop: by how many rides it got there.

use crate::stops::REGISTER;

/// By number in the register; 0: not seen yet.
pub(crate) struct Labels(Vec<u32>);

/// Runs a search with labels that are all 0.
pub(crate) fn with<T>(search: impl FnOnce(&mut Labels) -> T) -> T {
    search(&mut Labels(vec![0; REGISTER]))
}

/// Nothing has to be ready before the first search.
pub(crate) fn prepare() {}

impl Labels {
    pub(crate) fn get(&self, number: usize) -> u32 {
        self.0[number]
    }

    pub(crate) fn put(&mut self, number: usize, label: u32) {
        self.0[number] = label;
    }
}
