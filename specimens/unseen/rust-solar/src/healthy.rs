//! Where things are calculated.

use rayon::{ThreadPool, ThreadPoolBuildError, ThreadPoolBuilder};

/// As many threads as there are processors for what somebody waits for, and one for all else.
pub(crate) struct Workers {
    pool: ThreadPool,
    background: ThreadPool,
}

impl Workers {
    pub(crate) fn start() -> Result<Self, ThreadPoolBuildError> {
        let pool = ThreadPoolBuilder::new().thread_name(|number| format!("worker-{number}")).build()?;
        let background = ThreadPoolBuilder::new().num_threads(1).thread_name(|_| "background".to_owned()).build()?;
        Ok(Self { pool, background })
    }

    /// Does work that somebody waits for.
    pub(crate) fn now<T: Send>(&self, work: impl FnOnce() -> T + Send) -> T {
        self.pool.install(work)
    }

    /// Does work that nobody waits for.
    pub(crate) fn later<T>(&self, work: impl FnOnce() -> T + Send + 'static) {
        self.background.spawn(move || drop(work()));
    }
}
