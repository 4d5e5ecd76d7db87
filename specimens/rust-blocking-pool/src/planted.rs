//! One job after the other.

/// The planted cause.
pub(crate) const BLOCKING_THREADS: usize = 1;
