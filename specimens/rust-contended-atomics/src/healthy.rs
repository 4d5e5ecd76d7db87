//! Counters of each thread, added up at the end.

use std::ops::Range;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::{KINDS, kinds};

#[derive(Default)]
pub(crate) struct Counts([AtomicU64; KINDS]);

impl Counts {
    #[inline(never)]
    pub(crate) fn count(&self, rows: Range<u64>, weight: u64) {
        let mut own = [0; KINDS];
        for kind in kinds(rows, weight) {
            own[kind] += 1;
        }
        for (shared, counted) in self.0.iter().zip(own) {
            shared.fetch_add(counted, Ordering::Relaxed);
        }
    }

    pub(crate) fn all(self) -> [u64; KINDS] {
        self.0.map(AtomicU64::into_inner)
    }
}
