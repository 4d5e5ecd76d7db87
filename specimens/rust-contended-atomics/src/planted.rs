//! Counters that all threads add to.

use std::ops::Range;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::{KINDS, kinds};

#[derive(Default)]
pub(crate) struct Counts([AtomicU64; KINDS]);

impl Counts {
    #[inline(never)]
    pub(crate) fn count(&self, rows: Range<u64>, weight: u64) {
        for kind in kinds(rows, weight) {
            self.0[kind].fetch_add(1, Ordering::Relaxed);
        }
    }

    pub(crate) fn all(self) -> [u64; KINDS] {
        self.0.map(AtomicU64::into_inner)
    }
}
