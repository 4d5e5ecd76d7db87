//! Starts and joins threads. Prints how many microseconds one takes, each time after as many threads as the
//! first argument says.

use std::time::Instant;

fn main() {
    let threads: u32 = std::env::args().nth(1).unwrap().parse().unwrap();
    loop {
        let began = Instant::now();
        (0..threads).for_each(|_| std::thread::spawn(|| ()).join().unwrap());
        println!("{:.2}", began.elapsed().as_secs_f64() * 1e6 / f64::from(threads));
    }
}
