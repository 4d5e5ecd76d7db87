//! Work that is split into shards.

use std::panic;
use std::sync::LazyLock;
use std::thread;

/// More of them would only take turns.
static CPUS: LazyLock<u32> =
    LazyLock::new(|| thread::available_parallelism().ok().and_then(|cpus| u32::try_from(cpus.get()).ok()).unwrap_or(1));

/// Counts the CPUs, for which the system has to be asked.
pub(crate) fn prepare() {
    LazyLock::force(&CPUS);
}

/// The results of all shards, in their order.
pub(crate) fn map<T: Send>(shards: u32, work: impl Fn(u32) -> T + Sync) -> Vec<T> {
    let work = &work;
    let each = shards.div_ceil(*CPUS).max(1);
    thread::scope(|scope| {
        let running: Vec<_> = (0..shards)
            .step_by(each as usize)
            .map(|first| scope.spawn(move || (first..shards.min(first + each)).map(work).collect::<Vec<T>>()))
            .collect();
        running.into_iter().flat_map(|part| part.join().unwrap_or_else(|cause| panic::resume_unwind(cause))).collect()
    })
}
