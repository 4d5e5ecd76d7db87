//! Threads in pairs that hand a number back and forth at different depths of recursion: many switches.

use std::sync::{Arc, Condvar, Mutex};
use std::time::{Duration, Instant};

type Turn = (Mutex<u64>, Condvar);

#[inline(always)]
fn mix(mut number: u64) -> u64 {
    for step in 0..200 {
        number = number
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(step);
    }
    number
}

#[inline(never)]
fn take_turn(turn: &Turn, me: u64) -> u64 {
    let mut now = turn.0.lock().unwrap();
    while *now % 2 != me {
        now = turn.1.wait(now).unwrap();
    }
    *now += 1;
    turn.1.notify_all();
    mix(*now)
}

fn descend(depth: u64, turn: &Turn, me: u64) -> u64 {
    if depth == 0 {
        take_turn(turn, me)
    } else {
        descend(depth - 1, turn, me).wrapping_add(1)
    }
}

fn main() {
    let seconds: f64 = std::env::args().nth(1).unwrap().parse().unwrap();
    let end = Instant::now() + Duration::from_secs_f64(seconds);
    for pair in 0..4 {
        let turn: Arc<Turn> = Arc::default();
        for me in 0..2 {
            let turn = Arc::clone(&turn);
            std::thread::spawn(move || {
                let mut depth = pair;
                while Instant::now() < end {
                    std::hint::black_box(descend(depth % 11, &turn, me));
                    depth += 1;
                }
            });
        }
    }
    std::thread::sleep(Duration::from_secs_f64(seconds + 0.2));
    std::process::exit(0);
}
