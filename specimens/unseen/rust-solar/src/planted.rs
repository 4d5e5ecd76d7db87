//! Where things are calculated.

use rayon::{ThreadPool, ThreadPoolBuildError, ThreadPoolBuilder};

/// As many threads as there are processors.
pub(crate) struct Workers {
    pool: ThreadPool,
}

impl Workers {
    pub(crate) fn start() -> Result<Self, ThreadPoolBuildError> {
        let pool = ThreadPoolBuilder::new().thread_name(|number| format!("worker-{number}")).build()?;
        Ok(Self { pool })
    }

    /// Does work that somebody waits for.
    pub(crate) fn now<T: Send>(&self, work: impl FnOnce() -> T + Send) -> T {
        self.pool.install(work)
    }

    /// Does work that nobody waits for.
    pub(crate) fn later<T>(&self, work: impl FnOnce() -> T + Send + 'static) {
        self.pool.spawn(move || drop(work()));
    }
}
