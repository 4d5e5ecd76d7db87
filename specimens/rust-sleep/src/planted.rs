//! Waits as long as a distant replica takes.

use std::thread;
use std::time::Duration;

const REPLICA_TAKES: Duration = Duration::from_millis(20);

/// The planted cause.
#[inline(never)]
pub(crate) fn wait_for_replica() {
    thread::sleep(REPLICA_TAKES);
}
