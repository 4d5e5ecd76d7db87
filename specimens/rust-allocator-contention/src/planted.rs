//! A block for each entry.

use crate::{ENTRIES, content};

pub(crate) struct Catalogue {
    entries: Vec<Box<[u8]>>,
}

impl Catalogue {
    /// The planted cause is that it is dropped.
    pub(crate) fn new() -> Self {
        let entries = (0..ENTRIES).map(content).map(|(length, byte)| vec![byte; length].into_boxed_slice());
        Self { entries: entries.collect() }
    }

    pub(crate) fn entry(&self, number: usize) -> &[u8] {
        self.entries.get(number).map_or(&[], |entry| entry)
    }
}
