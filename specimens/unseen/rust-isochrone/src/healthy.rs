//! What a search knows of each stop: by how many rides it got there.

use parking_lot::Mutex;

use crate::stops::REGISTER;

/// The low bits of an entry are its label, the others the stamp of the search that put it.
const LABEL_BITS: u32 = 8;

/// The stamp that no search has.
const NEVER: u32 = u32::MAX;

/// As many searches are seldom under way at once.
const READY: usize = 2;

/// Those that no search has at the moment.
static KEPT: Mutex<Vec<Labels>> = Mutex::new(Vec::new());

/// By number in the register; an entry of another search counts as 0.
pub(crate) struct Labels {
    entries: Vec<u32>,
    stamp: u32,
}

/// Runs a search with labels that are all 0.
pub(crate) fn with<T>(search: impl FnOnce(&mut Labels) -> T) -> T {
    let kept = KEPT.lock().pop();
    let mut labels = kept.unwrap_or_else(Labels::new);
    labels.begin();
    let found = search(&mut labels);
    KEPT.lock().push(labels);
    found
}

/// Has tables ready before the first search.
pub(crate) fn prepare() {
    KEPT.lock().extend((0..READY).map(|_| Labels::new()));
}

impl Labels {
    fn new() -> Self {
        Self { entries: vec![NEVER; REGISTER], stamp: 0 }
    }

    /// Makes all entries old.
    fn begin(&mut self) {
        self.stamp += 1;
        if self.stamp >= NEVER >> LABEL_BITS {
            self.entries.fill(NEVER);
            self.stamp = 1;
        }
    }

    pub(crate) fn get(&self, number: usize) -> u32 {
        let entry = self.entries[number];
        if entry >> LABEL_BITS == self.stamp { entry & ((1 << LABEL_BITS) - 1) } else { 0 }
    }

    pub(crate) fn put(&mut self, number: usize, label: u32) {
        self.entries[number] = self.stamp << LABEL_BITS | label;
    }
}
