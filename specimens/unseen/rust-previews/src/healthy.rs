//! How the server's threads are shared out.

/// For the jobs that would hold up the others: most of them wait for the archive.
pub(crate) const BLOCKING_THREADS: usize = 64;
