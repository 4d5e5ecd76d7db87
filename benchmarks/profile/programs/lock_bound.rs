//! Four threads that take turns at one lock, and sleep while they hold it: most of the time each waits for it.
//!
//! busy threads: busy
//! blocked in: wait_for_turn hold

use std::hint::black_box;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

#[inline(never)]
fn wait_for_turn(lock: &Mutex<u64>) -> MutexGuard<'_, u64> {
    let turn = lock.lock().unwrap();
    black_box(&turn);
    turn
}

#[inline(never)]
fn hold(turn: &mut u64) {
    *turn += (0..200_000u64).fold(1u64, |sum, step| sum.wrapping_mul(step | 1));
    std::thread::sleep(Duration::from_micros(200));
    black_box(turn);
}

fn work(lock: &Mutex<u64>) {
    loop {
        hold(&mut wait_for_turn(lock));
        std::thread::yield_now();
    }
}

fn main() {
    let lock = Arc::new(Mutex::new(0));
    let workers: Vec<_> = (0..4)
        .map(|_| {
            let lock = Arc::clone(&lock);
            let worker = std::thread::Builder::new().name("busy".to_owned());
            worker.spawn(move || work(&lock)).unwrap()
        })
        .collect();
    workers.into_iter().for_each(|worker| worker.join().unwrap());
}
