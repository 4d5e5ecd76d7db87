//! Each connection for itself.

use std::io::Result;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread::{self, Thread};

use crate::{BATCH, entry, hand_over};

/// How much was booked, and who hands it over.
pub(crate) struct Book {
    count: AtomicU64,
    messenger: Thread,
}

impl Book {
    pub(crate) fn open() -> Result<Self> {
        let messenger = thread::Builder::new().name("messenger".to_owned()).spawn(|| {
            loop {
                thread::park();
                hand_over();
            }
        })?;
        Ok(Self { count: AtomicU64::new(0), messenger: messenger.thread().clone() })
    }

    pub(crate) fn book(&self, order: u64) -> u64 {
        if (self.count.fetch_add(1, Ordering::Relaxed) + 1).is_multiple_of(BATCH) {
            self.messenger.unpark();
        }
        entry(order)
    }
}
