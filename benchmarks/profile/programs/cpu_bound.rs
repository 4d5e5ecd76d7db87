//! One thread that computes, and naps for 2 ms after every 20 ms of work.
//!
//! busy threads: busy
//! blocked in: nap

use std::hint::black_box;
use std::time::{Duration, Instant};

#[inline(never)]
fn compute(end: Instant) {
    while Instant::now() < end {
        black_box((0..10_000u64).fold(1u64, |sum, turn| sum.wrapping_mul(turn | 1)));
    }
}

#[inline(never)]
fn nap() {
    std::thread::sleep(Duration::from_millis(2));
    black_box(());
}

fn work() {
    loop {
        compute(Instant::now() + Duration::from_millis(20));
        nap();
    }
}

fn main() {
    let worker = std::thread::Builder::new().name("busy".to_owned()).spawn(work);
    worker.unwrap().join().unwrap();
}
