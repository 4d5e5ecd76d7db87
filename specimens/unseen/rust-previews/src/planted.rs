//! How the server's threads are shared out.

/// For the jobs that would hold up the others: more than the machine has cores would only get in each other's way.
pub(crate) const BLOCKING_THREADS: usize = 2;
