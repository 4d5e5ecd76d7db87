//! Fetched by the request that needs it.

use std::io::Result;
use std::os::unix::net::UnixStream;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use crate::{CURRENT, VALID, ask};

/// Where rules come from, and since when the one in force holds.
#[derive(Clone, Copy)]
pub(crate) struct Rules {
    source: &'static Source,
}

struct Source {
    other: UnixStream,
    started: Instant,
    /// When the rule was fetched: milliseconds from `started`.
    fetched_ms: AtomicU64,
}

impl Rules {
    pub(crate) fn new(other: UnixStream) -> Result<Self> {
        let source = Source { other, started: Instant::now(), fetched_ms: AtomicU64::new(0) };
        Ok(Self { source: Box::leak(Box::new(source)) })
    }

    /// Returns the rule, a new one if it is too old. There is one worker, so no two requests come here at once.
    pub(crate) fn current(self) -> u64 {
        let fetched = Duration::from_millis(self.source.fetched_ms.load(Ordering::Relaxed));
        if self.source.started.elapsed().saturating_sub(fetched) >= VALID {
            fetch_rule(self.source);
        }
        CURRENT.load(Ordering::Relaxed)
    }
}

/// The planted cause. What could not be fetched stays as it was.
#[inline(never)]
fn fetch_rule(source: &Source) {
    if let Ok(rule) = ask(&source.other) {
        CURRENT.store(rule, Ordering::Relaxed);
    }
    source.fetched_ms.store(source.started.elapsed().as_millis() as u64, Ordering::Relaxed);
}
