//! Two threads on one CPU that wake each other through sockets: nothing but context switches. Prints how many
//! nanoseconds of CPU time one takes, each time after as many rounds as the first argument says. CPU time, because
//! it does not count what else runs on that CPU.

use std::io::{Read, Write};
use std::os::unix::net::UnixStream;

#[repr(C)]
struct Time {
    seconds: i64,
    nanoseconds: i64,
}

unsafe extern "C" {
    fn clock_gettime(clock: i32, time: *mut Time) -> i32;
}

/// CPU time of this process so far, in nanoseconds.
fn cpu_ns() -> i64 {
    let mut time = Time { seconds: 0, nanoseconds: 0 };
    // SAFETY: the call fills a live value of the layout that 64-bit Linux has; 2 is the process's CPU clock.
    unsafe { clock_gettime(2, &raw mut time) };
    time.seconds * 1_000_000_000 + time.nanoseconds
}

#[inline(never)]
fn exchange(stream: &mut UnixStream) {
    let mut byte = [0];
    stream.write_all(&byte).unwrap();
    stream.read_exact(&mut byte).unwrap();
}

fn answer(mut stream: UnixStream) {
    let mut byte = [0];
    while stream.read_exact(&mut byte).is_ok() && stream.write_all(&byte).is_ok() {}
}

fn main() {
    let rounds: u32 = std::env::args().nth(1).unwrap().parse().unwrap();
    let (mut here, there) = UnixStream::pair().unwrap();
    std::thread::spawn(move || answer(there));
    loop {
        let began = cpu_ns();
        (0..rounds).for_each(|_| exchange(&mut here));
        println!("{:.1}", (cpu_ns() - began) as f64 / f64::from(rounds) / 2.0);
    }
}
