//! Several engines begin at one moment: each prepares, and the last one sets the schedule's zero.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Condvar, Mutex, PoisonError};

use crate::sys::clock::now_ns;

/// Time between the last preparation and the schedule's zero.
const LEAD_NS: u64 = 5_000_000;

#[derive(Debug)]
struct Agreement {
    missing: usize,
    aborted: bool,
}

/// The schedule's zero, and who is still missing.
#[derive(Debug)]
pub(crate) struct Start {
    agreement: Mutex<Agreement>,
    changed: Condvar,
    zero_ns: AtomicU64,
}

impl Start {
    pub(crate) const fn of(engines: usize) -> Self {
        Self {
            agreement: Mutex::new(Agreement {
                missing: engines,
                aborted: false,
            }),
            changed: Condvar::new(),
            zero_ns: AtomicU64::new(0),
        }
    }

    /// The schedule's zero in CLOCK_MONOTONIC; 0 before it is set.
    pub(crate) fn zero_ns(&self) -> u64 {
        self.zero_ns.load(Ordering::Acquire)
    }

    /// Waits for all engines and returns the zero, the same for all; nothing when one gave up.
    pub(crate) fn agree(&self) -> Option<u64> {
        let mut agreement = self.lock();
        agreement.missing = agreement.missing.saturating_sub(1);
        if agreement.missing == 0 && !agreement.aborted {
            self.zero_ns.store(now_ns() + LEAD_NS, Ordering::Release);
            self.changed.notify_all();
        }
        let waiting = |found: &mut Agreement| found.missing > 0 && !found.aborted;
        let agreement = self
            .changed
            .wait_while(agreement, waiting)
            .unwrap_or_else(PoisonError::into_inner);
        (!agreement.aborted).then(|| self.zero_ns())
    }

    /// Lets nobody wait for an engine that cannot begin.
    pub(crate) fn abort(&self) {
        self.lock().aborted = true;
        self.changed.notify_all();
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Agreement> {
        self.agreement
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn all_get_the_same_zero() {
        let start = Start::of(3);
        std::thread::scope(|scope| {
            let engines: Vec<_> = (0..3).map(|_| scope.spawn(|| start.agree())).collect();
            let zeros: Vec<_> = engines.into_iter().map(|one| one.join().unwrap()).collect();
            assert!(zeros[0].is_some() && zeros.iter().all(|zero| *zero == zeros[0]));
        });
    }

    #[test]
    fn nobody_waits_for_one_that_gave_up() {
        let start = Start::of(2);
        std::thread::scope(|scope| {
            let waiting = scope.spawn(|| start.agree());
            start.abort();
            assert_eq!(waiting.join().unwrap(), None);
        });
    }
}
