//! A server that computes: each request costs a fixed number of rounds of work, never a fixed time.

use std::collections::VecDeque;
use std::hint::black_box;
use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use super::http::{ANSWER, MAX_HEAD_BYTES, parse_head};

/// Words that a round reads; the table is larger than the first cache.
const WORDS_PER_ROUND: usize = 512;
const ROUNDS_PER_TABLE: usize = 64;
const BUFFER_BYTES: usize = 16 * 1024;
const STACK_BYTES: usize = 128 * 1024;

/// What each request costs.
#[derive(Clone, Copy, Debug, Default)]
pub struct Work {
    /// Rounds of the checksum over memory.
    pub rounds: u64,
    /// One request in so many, told by its first line, takes more; 0: none.
    pub slow_every: u64,
    /// How many times the rounds such a request takes.
    pub slow_times: u64,
    /// Blocks allocated on the heap and filled.
    pub blocks: usize,
    /// Size of each.
    pub block_bytes: usize,
    /// For how many requests more they are kept.
    pub kept: usize,
    /// Percent of the rounds that are done under one lock of all threads; at most 100.
    pub locked_percent: u64,
}

impl Work {
    /// Rounds for the request with this first line: the same in every server with the same settings.
    #[must_use]
    pub fn rounds_of(&self, first_line: &[u8]) -> u64 {
        let slow = self.slow_every > 0 && hash(first_line).is_multiple_of(self.slow_every);
        self.rounds * if slow { self.slow_times } else { 1 }
    }
}

/// A thread for each connection; each request gets the same small 200.
pub struct WorkServer {
    listener: TcpListener,
    shop: Arc<Workshop>,
}

impl WorkServer {
    /// Listens on 127.0.0.1:`port`, or on a free port for 0.
    ///
    /// # Errors
    /// When the port is taken or not permitted.
    pub fn bind(port: u16, work: Work) -> io::Result<Self> {
        Ok(Self {
            listener: TcpListener::bind((Ipv4Addr::LOCALHOST, port))?,
            shop: Arc::new(Workshop::new(work)),
        })
    }

    /// The port listened on.
    ///
    /// # Errors
    /// When the system does not tell.
    pub fn port(&self) -> io::Result<u16> {
        Ok(self.listener.local_addr()?.port())
    }

    /// Serves until the process ends.
    ///
    /// # Errors
    /// When connections can no longer be accepted, or threads no longer be started.
    pub fn serve(self) -> io::Result<()> {
        loop {
            let (stream, _) = self.listener.accept()?;
            let shop = Arc::clone(&self.shop);
            thread::Builder::new()
                .stack_size(STACK_BYTES)
                .spawn(move || shop.converse(stream))?;
        }
    }
}

/// Does so many rounds of the work that servers do.
pub fn spend_rounds(rounds: u64) {
    spend(&table(), rounds);
}

struct Workshop {
    work: Work,
    table: Vec<u64>,
    kept: Mutex<VecDeque<Vec<Vec<u8>>>>,
    lock: Mutex<()>,
}

impl Workshop {
    fn new(work: Work) -> Self {
        Self {
            work,
            table: table(),
            kept: Mutex::new(VecDeque::with_capacity(work.kept + 1)),
            lock: Mutex::new(()),
        }
    }

    /// Answers one connection's requests until it ends, or talks no HTTP: then there is nothing.
    fn converse(&self, mut stream: TcpStream) -> Option<()> {
        stream.set_nodelay(true).ok()?;
        let mut buffer = [0; BUFFER_BYTES];
        let mut received = Vec::new();
        loop {
            while let Some((head, body)) = parse_head(&received)? {
                let whole = head.saturating_add(usize::try_from(body).ok()?);
                if received.len() < whole {
                    break;
                }
                let end = received.iter().position(|byte| *byte == b'\r');
                self.serve(&received[..end.unwrap_or(head)]);
                stream.write_all(ANSWER).ok()?;
                received.drain(..whole);
            }
            let count = stream.read(&mut buffer).ok()?;
            if count == 0 || received.len() > MAX_HEAD_BYTES {
                return Some(());
            }
            received.extend_from_slice(&buffer[..count]);
        }
    }

    fn serve(&self, first_line: &[u8]) {
        let rounds = self.work.rounds_of(first_line);
        let locked = rounds * self.work.locked_percent.min(100) / 100;
        spend(&self.table, rounds - locked);
        if locked > 0 {
            let _held = self.lock.lock().unwrap_or_else(PoisonError::into_inner);
            spend(&self.table, locked);
        }
        if self.work.blocks > 0 {
            let blocks =
                (0..self.work.blocks).map(|block| vec![block as u8 | 1; self.work.block_bytes]);
            drop(self.keep(blocks.collect()));
        }
    }

    /// Keeps a request's memory; returns that of the one which is too long ago.
    fn keep(&self, blocks: Vec<Vec<u8>>) -> Option<Vec<Vec<u8>>> {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.push_back(blocks);
        if kept.len() > self.work.kept {
            kept.pop_front()
        } else {
            None
        }
    }
}

fn table() -> Vec<u64> {
    let words = (WORDS_PER_ROUND * ROUNDS_PER_TABLE) as u64;
    (0..words)
        .map(|word| word.wrapping_mul(0x9e37_79b9_7f4a_7c15))
        .collect()
}

/// Each step needs the one before, so that no compiler and no processor does them at once.
fn spend(table: &[u64], rounds: u64) {
    let mut sum = 0_u64;
    for (_, words) in (0..rounds).zip(table.chunks(WORDS_PER_ROUND).cycle()) {
        for word in words {
            sum = (sum ^ word)
                .wrapping_mul(0xff51_afd7_ed55_8ccd)
                .rotate_left(29);
        }
        sum = black_box(sum);
    }
    black_box(sum);
}

/// FNV-1a, and a step that lets all bits of it reach the lowest.
fn hash(bytes: &[u8]) -> u64 {
    let mixed = bytes.iter().fold(0xcbf2_9ce4_8422_2325, |sum, byte| {
        (sum ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)
    });
    (mixed ^ (mixed >> 33)).wrapping_mul(0xff51_afd7_ed55_8ccd) >> 16
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn about_one_request_in_a_hundred_is_slow_and_always_the_same() {
        let work = Work {
            rounds: 10,
            slow_every: 100,
            slow_times: 6,
            ..Work::default()
        };
        let rounds: Vec<u64> = (0..100_000)
            .map(|id| work.rounds_of(format!("GET /work/{id} HTTP/1.1").as_bytes()))
            .collect();
        let slow = rounds.iter().filter(|rounds| **rounds == 60).count();
        assert!((800..1_200).contains(&slow), "{slow}");
        assert!(rounds.iter().all(|rounds| [10, 60].contains(rounds)));
        assert_eq!(work.rounds_of(b"GET /work/7 HTTP/1.1"), rounds[7]);
    }

    #[test]
    fn memory_of_so_many_requests_is_kept() {
        let shop = Workshop::new(Work {
            blocks: 3,
            block_bytes: 8,
            kept: 5,
            ..Work::default()
        });
        (0..20).for_each(|_| shop.serve(b"GET / HTTP/1.1"));
        let kept = shop.kept.lock().unwrap();
        assert_eq!(kept.len(), 5);
        assert!(kept.iter().all(|blocks| blocks.len() == 3));
    }

    #[test]
    fn a_connection_is_answered_request_by_request() {
        let work = Work {
            rounds: 1,
            locked_percent: 50,
            ..Work::default()
        };
        let server = WorkServer::bind(0, work).unwrap();
        let port = server.port().unwrap();
        thread::spawn(move || server.serve());
        let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).unwrap();
        stream
            .write_all(b"GET /1 HTTP/1.1\r\n\r\nPOST /2 HTTP/1.1\r\nContent-Length: 2\r\n\r\nab")
            .unwrap();
        let mut answers = vec![0; 2 * ANSWER.len()];
        stream.read_exact(&mut answers).unwrap();
        assert_eq!(answers, [ANSWER, ANSWER].concat());
    }
}
