//! Looks words up on the blocking pool of its runtime, which also packs the log four times a second.
//!
//! Planted: `planted::BLOCKING_THREADS` lets the pool have one thread. Packing takes it for 25 ms in which it waits
//! for its disk, and the requests of that time wait in the pool's queue, with an idle CPU and an idle worker. The
//! healthy twin has as many threads as tokio grants by default.

#[cfg(feature = "healthy")]
mod healthy;
#[cfg(not(feature = "healthy"))]
mod planted;

use std::io::Result;
use std::thread;
use std::time::Duration;

#[cfg(feature = "healthy")]
use healthy::BLOCKING_THREADS;
use http_server::{Request, draw, tasks};
#[cfg(not(feature = "healthy"))]
use planted::BLOCKING_THREADS;
use tokio::runtime::{Builder, Handle};
use tokio::task::spawn_blocking;

const PAUSE: Duration = Duration::from_millis(225);
const DISK_TAKES: Duration = Duration::from_millis(25);
const STEPS: u64 = 64;

fn main() -> Result<()> {
    let runtime = Builder::new_current_thread().enable_io().max_blocking_threads(BLOCKING_THREADS).build()?;
    pack_now_and_then(runtime.handle().clone())?;
    tasks::serve(&runtime, answer)
}

async fn answer(request: Request) -> String {
    let asked = draw::of(request.value("key"));
    match spawn_blocking(move || look_up(asked)).await {
        Ok(found) => format!("{found:016x}\n"),
        Err(problem) => format!("not found: {problem}\n"),
    }
}

/// Stands for a call of a library that is not asynchronous; a few microseconds.
#[inline(never)]
fn look_up(asked: u64) -> u64 {
    (0..STEPS).fold(asked, |so_far, step| draw::mix(so_far ^ step))
}

/// Starts what asks for a pack, a pause after the last one has ended.
fn pack_now_and_then(runtime: Handle) -> Result<()> {
    thread::Builder::new().name("timer".to_owned()).spawn(move || {
        loop {
            thread::sleep(PAUSE);
            // It returns nothing, and a pool that ends has no log to pack.
            let _ = runtime.block_on(runtime.spawn_blocking(pack));
        }
    })?;
    Ok(())
}

/// Stands for a job that waits for a disk: it takes time, and no CPU.
#[inline(never)]
fn pack() {
    thread::sleep(DISK_TAKES);
}
