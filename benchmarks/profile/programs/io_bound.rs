//! Two threads that send a byte to each other over sockets, and compute a while for each.
//!
//! busy threads: busy
//! blocked in: await_answer

use std::hint::black_box;
use std::io::{Read, Write};
use std::os::unix::net::UnixStream;

#[inline(never)]
fn await_answer(stream: &mut UnixStream) -> u8 {
    let mut byte = [0];
    stream.read_exact(&mut byte).unwrap();
    black_box(byte[0])
}

fn work(mut stream: UnixStream) {
    loop {
        let byte = await_answer(&mut stream);
        black_box((0..50_000u64).fold(u64::from(byte), |sum, turn| sum.wrapping_mul(turn | 1)));
        stream.write_all(&[byte]).unwrap();
    }
}

fn main() {
    let (mut left, right) = UnixStream::pair().unwrap();
    left.write_all(&[1]).unwrap();
    let workers = [left, right].map(|stream| {
        let worker = std::thread::Builder::new().name("busy".to_owned());
        worker.spawn(move || work(stream)).unwrap()
    });
    for worker in workers {
        worker.join().unwrap();
    }
}
