//! Four computing threads for each CPU; each naps for 1 ms after every 10 ms of work. What they wait for is
//! a CPU, not each other.
//!
//! busy threads: busy
//! blocked in: nap

use std::hint::black_box;
use std::time::Duration;

#[inline(never)]
fn compute() {
    black_box((0..10_000_000u64).fold(1u64, |sum, turn| sum.wrapping_mul(turn | 1)));
}

#[inline(never)]
fn nap() {
    std::thread::sleep(Duration::from_millis(1));
    black_box(());
}

fn work() {
    loop {
        compute();
        nap();
    }
}

fn main() {
    let cpus = std::thread::available_parallelism().unwrap().get();
    let workers: Vec<_> = (0..4 * cpus)
        .map(|_| std::thread::Builder::new().name("busy".to_owned()).spawn(work).unwrap())
        .collect();
    workers.into_iter().for_each(|worker| worker.join().unwrap());
}
