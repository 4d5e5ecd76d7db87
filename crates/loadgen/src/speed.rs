//! How fast CPUs are at the moment: the same piece of work again and again, timed by the CPU time that it takes.
//!
//! On a virtual machine a neighbor on the other hardware thread of the core halves the speed for seconds on end, and no
//! counter of the guest shows it; the CPU time of every program grows alike. So the time of a piece tells by how much.
//! The gauge runs only where nothing else wants to (SCHED_IDLE), about one part in a hundred of the time.

use std::hint::black_box;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::JoinHandle;

use crate::sys::clock::{now_ns, sleep_until, thread_cpu_ns};
use crate::sys::thread;

const PERIOD_NS: u64 = 4_000_000;
/// A piece that takes so many times the fastest one was interrupted by something that is no speed.
const LONGEST: u64 = 5;
/// Entries of the table that pieces look up, 128 KiB: beyond the first cache, within the second.
const TABLE: usize = 1 << 14;
/// Bytes of the text that pieces scan.
const TEXT: usize = 8192;

/// How much there is to do of each kind.
#[derive(Clone, Copy)]
struct Amount {
    scanned_bytes: usize,
    added_rounds: u64,
    looked_up_rounds: u32,
}

/// About 40 us at 3 GHz, a third for each kind.
const PIECE: Amount = Amount {
    scanned_bytes: TEXT,
    added_rounds: 3_500,
    looked_up_rounds: 1_500,
};
/// Before a piece, untimed: caches and predictors are filled again after others had the CPU.
const WARM_UP: Amount = Amount {
    scanned_bytes: TEXT / 4,
    added_rounds: 200,
    looked_up_rounds: 1_000,
};

/// What the gauge did so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Speed {
    /// Pieces that were not interrupted.
    pub pieces: u64,
    /// CPU time that these took.
    pub piece_ns: u64,
    /// CPU time altogether.
    pub cpu_ns: u64,
}

/// Runs until it is dropped, one thread a CPU.
#[derive(Debug)]
pub struct SpeedGauge {
    lanes: Vec<Arc<Lane>>,
    stop: Arc<AtomicBool>,
    threads: Vec<JoinHandle<()>>,
}

/// Counts of one CPU; written by its thread alone.
#[derive(Debug, Default)]
struct Lane {
    pieces: AtomicU64,
    piece_ns: AtomicU64,
    cpu_ns: AtomicU64,
}

impl SpeedGauge {
    /// Starts it on these CPUs.
    ///
    /// # Errors
    /// When a thread cannot be started, bound to its CPU, or made to give way to all others.
    pub fn start(cpus: &[usize]) -> io::Result<Self> {
        let mut gauge = Self {
            lanes: Vec::new(),
            stop: Arc::new(AtomicBool::new(false)),
            threads: Vec::new(),
        };
        for &cpu in cpus {
            let (lane, stop) = (Arc::new(Lane::default()), Arc::clone(&gauge.stop));
            gauge.lanes.push(Arc::clone(&lane));
            let (ready, told) = std::sync::mpsc::channel();
            let thread = std::thread::Builder::new()
                .name("speed-gauge".into())
                .spawn(move || {
                    let prepared = thread::pin(cpu).and_then(|()| thread::set_idle());
                    let may_run = prepared.is_ok();
                    // The starter waits for it; if it is gone, `stop` is set.
                    let _ = ready.send(prepared);
                    if may_run {
                        lane.run(&stop);
                    }
                })?;
            gauge.threads.push(thread);
            told.recv()
                .map_err(|_| io::Error::other("the gauge's thread ended"))??;
        }
        Ok(gauge)
    }

    /// Sums of all CPUs so far.
    #[must_use]
    pub fn read(&self) -> Speed {
        let mut sum = Speed::default();
        for lane in &self.lanes {
            sum.pieces += lane.pieces.load(Ordering::Relaxed);
            sum.piece_ns += lane.piece_ns.load(Ordering::Relaxed);
            sum.cpu_ns += lane.cpu_ns.load(Ordering::Relaxed);
        }
        sum
    }
}

impl Drop for SpeedGauge {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        for thread in self.threads.drain(..) {
            let _ = thread.join(); // A panic there was printed; nothing is left to mend.
        }
    }
}

impl Lane {
    fn run(&self, stop: &AtomicBool) {
        let bench = Workbench::new();
        let mut fastest = u64::MAX;
        let mut next = now_ns();
        while !stop.load(Ordering::Relaxed) {
            black_box(bench.work(WARM_UP));
            let (switches, begin) = (thread::involuntary_switches(), thread_cpu_ns());
            black_box(bench.work(PIECE));
            let took = thread_cpu_ns().saturating_sub(begin);
            let undisturbed = thread::involuntary_switches() == switches;
            if undisturbed && took > 0 {
                fastest = fastest.min(took);
                if took <= fastest.saturating_mul(LONGEST) {
                    self.pieces.fetch_add(1, Ordering::Relaxed);
                    self.piece_ns.fetch_add(took, Ordering::Relaxed);
                }
            }
            self.cpu_ns.store(thread_cpu_ns(), Ordering::Relaxed);
            next = (next + PERIOD_NS).max(now_ns());
            sleep_until(next);
        }
    }
}

/// What pieces work on.
struct Workbench {
    table: Vec<u64>,
    text: Vec<u8>,
}

impl Workbench {
    fn new() -> Self {
        let mut state = 0x9E37_79B9_7F4A_7C15_u64;
        let mut draw = move || {
            state ^= state << 13; // xorshift64 (Marsaglia, 2003)
            state ^= state >> 7;
            state ^= state << 17;
            state
        };
        let table = (0..TABLE).map(|_| draw()).collect();
        let mut text = Vec::with_capacity(TEXT + 32);
        while text.len() < TEXT {
            let (number, word) = (draw() % 100_000, draw());
            text.extend_from_slice(
                format!("{{\"n{}\": [{number}, null]}}, ", word % 999).as_bytes(),
            );
        }
        text.truncate(TEXT);
        Self { table, text }
    }

    /// Scans a text as parsers do, adds in chains that do not wait for each other, and looks up in a table. What slows a
    /// service slows one of the three: mispredicted branches and a shared front end, shared arithmetic units, a shared
    /// cache. Of the kernels tried, this mix went along best with a service that parses JSON, and in proportion.
    fn work(&self, amount: Amount) -> u64 {
        let text = &self.text[..amount.scanned_bytes];
        scan(text) ^ add(amount.added_rounds) ^ look_up(&self.table, amount.looked_up_rounds)
    }
}

fn scan(text: &[u8]) -> u64 {
    let (mut hash, mut number) = (0_u64, 0_u64);
    for &byte in text {
        match byte {
            b'a'..=b'z' => hash = hash.wrapping_mul(31).wrapping_add(u64::from(byte)),
            b'0'..=b'9' => number = number.wrapping_mul(10).wrapping_add(u64::from(byte)),
            b'{' | b'[' => {
                hash ^= number;
                number = 0;
            }
            _ => hash = hash.rotate_left(5) ^ number,
        }
    }
    hash ^ number
}

fn add(rounds: u64) -> u64 {
    let mut chains = [1_u64, 2, 3, 5, 7, 11, 13, 17];
    for round in 0..rounds {
        for (place, chain) in (0_u64..).zip(&mut chains) {
            *chain = chain.wrapping_add(round ^ place);
            *chain ^= *chain >> 3;
            *chain = chain.wrapping_add(*chain << 5);
        }
    }
    chains.iter().fold(0, |sum, chain| sum ^ chain)
}

fn look_up(table: &[u64], rounds: u32) -> u64 {
    let mut chains = [1_u64, 2, 3, 4];
    for _ in 0..rounds {
        for chain in &mut chains {
            let found = table[(*chain >> 40) as usize % TABLE];
            *chain = chain
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(found);
        }
    }
    chains.iter().fold(0, |sum, chain| sum ^ chain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_are_counted_with_their_time_until_it_is_dropped() -> io::Result<()> {
        let gauge = SpeedGauge::start(&[0])?;
        let end = now_ns() + 5_000_000_000;
        while gauge.read().pieces < 3 && now_ns() < end {
            sleep_until(now_ns() + 10_000_000);
        }
        let speed = gauge.read();
        assert!(speed.pieces >= 3 && speed.piece_ns > 0);
        assert!(speed.cpu_ns >= speed.piece_ns);
        let lane = Arc::clone(&gauge.lanes[0]);
        drop(gauge);
        let pieces = lane.pieces.load(Ordering::Relaxed);
        sleep_until(now_ns() + 3 * PERIOD_NS);
        assert_eq!(lane.pieces.load(Ordering::Relaxed), pieces);
        Ok(())
    }

    #[test]
    fn a_cpu_that_is_not_there_is_an_error() {
        assert!(SpeedGauge::start(&[1_000_000]).is_err());
    }

    #[test]
    fn work_is_the_same_each_time() {
        let (bench, other) = (Workbench::new(), Workbench::new());
        assert_eq!(bench.work(PIECE), other.work(PIECE));
        assert_ne!(bench.work(PIECE), bench.work(WARM_UP));
    }
}
