//! As many threads as jobs.

pub(crate) const BLOCKING_THREADS: usize = 512;
