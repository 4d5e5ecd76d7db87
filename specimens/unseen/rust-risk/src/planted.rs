//! Work that is split into shards.

use std::panic;
use std::thread;

/// Nothing has to be known before the first fan-out.
pub(crate) fn prepare() {}

/// The results of all shards, in their order.
pub(crate) fn map<T: Send>(shards: u32, work: impl Fn(u32) -> T + Sync) -> Vec<T> {
    let work = &work;
    thread::scope(|scope| {
        let running: Vec<_> = (0..shards).map(|shard| scope.spawn(move || work(shard))).collect();
        running.into_iter().map(|shard| shard.join().unwrap_or_else(|cause| panic::resume_unwind(cause))).collect()
    })
}
