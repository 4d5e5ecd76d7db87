//! One thread that sends a byte there and back over a connection to itself. Prints the port that it listens on, then how
//! many nanoseconds of CPU time half a round takes, which is one read or write of the accepted end and one of the other,
//! each time after as many rounds as the first argument says.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};

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

fn main() {
    let rounds: u32 = std::env::args().nth(1).unwrap().parse().unwrap();
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    println!("{}", listener.local_addr().unwrap().port());
    let mut near = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    let mut far = listener.accept().unwrap().0;
    near.set_nodelay(true).unwrap();
    far.set_nodelay(true).unwrap();
    let mut byte = [0];
    loop {
        let began = cpu_ns();
        for _ in 0..rounds {
            near.write_all(&byte).unwrap();
            far.read_exact(&mut byte).unwrap();
            far.write_all(&byte).unwrap();
            near.read_exact(&mut byte).unwrap();
        }
        println!("{:.1}", (cpu_ns() - began) as f64 / f64::from(rounds) / 2.0);
    }
}
