//! What is remembered of each request, and the queue on which it leaves the engine, and connections with it.
//!
//! Rows travel in blocks that are allocated beforehand and go to and fro. The recorder polls for them instead
//! of waiting, so that handing one over never enters the kernel.

use std::sync::mpsc::{Receiver, SyncSender, TryRecvError, TrySendError, sync_channel};

use crate::link::Link;

/// How a request ended; the order is that of `OUTCOMES` in the bundle's schema.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Outcome {
    Ok = 0,
    UnexpectedStatus = 1,
    Timeout = 2,
    ConnectionError = 3,
    UnexpectedBody = 4,
}

impl Outcome {
    /// Whether a complete answer came.
    pub(crate) const fn is_answer(self) -> bool {
        matches!(
            self,
            Self::Ok | Self::UnexpectedStatus | Self::UnexpectedBody
        )
    }
}

/// Connection number of a request that never got one.
pub(crate) const NO_CONNECTION: u32 = u32::MAX;
/// Bytes of a row in the request file.
pub(crate) const ROW_BYTES: usize = 56;

/// One ended request; times are CLOCK_MONOTONIC ns, 0 where the request did not get so far.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Row {
    pub(crate) intended_ns: u64,
    /// When the engine noticed that the request was due.
    pub(crate) noticed_ns: u64,
    pub(crate) sent_ns: u64,
    pub(crate) first_byte_ns: u64,
    /// When the answer was complete, or the request was given up.
    pub(crate) done_ns: u64,
    pub(crate) connection: u32,
    pub(crate) response_bytes: u32,
    pub(crate) operation: u16,
    pub(crate) status: u16,
    pub(crate) outcome: Outcome,
}

impl Row {
    /// Returns the row as it stands in the request file, little-endian.
    pub(crate) fn encode(&self) -> [u8; ROW_BYTES] {
        let mut bytes = [0; ROW_BYTES];
        let times = [
            self.intended_ns,
            self.noticed_ns,
            self.sent_ns,
            self.first_byte_ns,
            self.done_ns,
        ];
        for (place, time) in bytes.chunks_exact_mut(8).zip(times) {
            place.copy_from_slice(&time.to_le_bytes());
        }
        bytes[40..44].copy_from_slice(&self.connection.to_le_bytes());
        bytes[44..48].copy_from_slice(&self.response_bytes.to_le_bytes());
        bytes[48..50].copy_from_slice(&self.operation.to_le_bytes());
        bytes[50..52].copy_from_slice(&self.status.to_le_bytes());
        bytes[52] = self.outcome as u8;
        bytes
    }
}

/// Rows handed over at once.
const BLOCK_ROWS: usize = 1024;
/// The same of connections, of which there are as many as requests at the worst.
const BLOCK_LINKS: usize = 256;
/// Blocks that engine and recorder pass to and fro: about 8 MiB, several seconds of any rate one thread can send.
const BLOCKS: usize = 128;
/// Longest time that a row waits for its block to fill.
const LONGEST_WAIT_NS: u64 = 25_000_000;

/// What is handed over at once.
struct Block {
    rows: Vec<Row>,
    links: Vec<Link>,
}

impl Block {
    /// Empty, all memory allocated and touched.
    fn touched() -> Self {
        let mut block = Self {
            rows: vec![BLANK; BLOCK_ROWS],
            links: vec![Link::BLANK; BLOCK_LINKS],
        };
        block.clear();
        block
    }

    fn is_empty(&self) -> bool {
        self.rows.is_empty() && self.links.is_empty()
    }

    fn clear(&mut self) {
        self.rows.clear();
        self.links.clear();
    }
}

/// What comes out at the recorder's end.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Logged<'a> {
    Request(&'a Row),
    Connection(&'a Link),
}

/// The engine's end.
pub(crate) struct Log {
    filling: Block,
    full: SyncSender<Block>,
    empty: Receiver<Block>,
    flushed_ns: u64,
    /// Rows for which the recorder left no room.
    pub(crate) lost: u64,
}

/// The recorder's end.
pub(crate) struct Rows {
    full: Receiver<Block>,
    empty: SyncSender<Block>,
}

/// Returns both ends, all memory allocated and touched.
pub(crate) fn log() -> (Log, Rows) {
    let (full_in, full_out) = sync_channel(BLOCKS);
    let (empty_in, empty_out) = sync_channel(BLOCKS);
    for _ in 0..BLOCKS {
        let _ = empty_in.try_send(Block::touched()); // There is room for all of them.
    }
    let log = Log {
        filling: Block::touched(),
        full: full_in,
        empty: empty_out,
        flushed_ns: 0,
        lost: 0,
    };
    let rows = Rows {
        full: full_out,
        empty: empty_in,
    };
    (log, rows)
}

impl Log {
    /// Keeps a row; never enters the kernel.
    #[inline]
    pub(crate) fn put(&mut self, row: Row) {
        if self.filling.rows.len() == BLOCK_ROWS {
            self.flush();
        }
        self.filling.rows.push(row);
    }

    /// Keeps a connection; never enters the kernel.
    pub(crate) fn put_link(&mut self, link: Link) {
        if self.filling.links.len() == BLOCK_LINKS {
            self.flush();
        }
        self.filling.links.push(link);
    }

    /// Hands over what has waited long enough.
    pub(crate) fn flush_if_old(&mut self, now_ns: u64) {
        if now_ns.saturating_sub(self.flushed_ns) >= LONGEST_WAIT_NS {
            self.flushed_ns = now_ns;
            self.flush();
        }
    }

    /// Hands over all rows so far.
    pub(crate) fn flush(&mut self) {
        if self.filling.is_empty() {
            return;
        }
        let Ok(empty) = self.empty.try_recv() else {
            self.lost += self.filling.rows.len() as u64;
            self.filling.clear();
            return;
        };
        let full = std::mem::replace(&mut self.filling, empty);
        self.lost += match self.full.try_send(full) {
            Ok(()) => 0,
            Err(TrySendError::Full(block) | TrySendError::Disconnected(block)) => {
                block.rows.len() as u64
            }
        };
    }
}

impl Rows {
    /// Shows what is in one block to `each`; false: none has come. The outer nothing: none will come any more.
    pub(crate) fn take<E>(
        &self,
        mut each: impl FnMut(Logged<'_>) -> Result<(), E>,
    ) -> Option<Result<bool, E>> {
        let mut block = match self.full.try_recv() {
            Ok(block) => block,
            Err(TryRecvError::Empty) => return Some(Ok(false)),
            Err(TryRecvError::Disconnected) => return None,
        };
        let rows = block.rows.iter().map(Logged::Request);
        let links = block.links.iter().map(Logged::Connection);
        let shown = rows.chain(links).try_for_each(&mut each);
        block.clear();
        let _ = self.empty.try_send(block); // The engine is gone: nobody needs it.
        Some(shown.map(|()| true))
    }

    /// Part of all blocks from which on the recorder has fallen behind.
    pub(crate) const BEHIND: usize = BLOCKS / 8;
}

const BLANK: Row = Row {
    intended_ns: 0,
    noticed_ns: 0,
    sent_ns: 0,
    first_byte_ns: 0,
    done_ns: 0,
    connection: NO_CONNECTION,
    response_bytes: 0,
    operation: 0,
    status: 0,
    outcome: Outcome::Ok,
};

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn taken(rows: &Rows) -> Option<usize> {
        let mut count = 0;
        let more = rows.take(|_| {
            count += 1;
            Ok::<(), ()>(())
        });
        more.map(|_| count)
    }

    #[test]
    fn what_the_recorder_leaves_no_room_for_is_counted() {
        let (mut log, rows) = log();
        let fits = BLOCKS * BLOCK_ROWS;
        (0..fits + 10).for_each(|_| log.put(BLANK));
        log.flush();
        assert_eq!(log.lost, 10);
        (0..BLOCKS).for_each(|_| assert_eq!(taken(&rows), Some(BLOCK_ROWS)));
        log.put(BLANK);
        log.flush();
        assert_eq!((taken(&rows), taken(&rows)), (Some(1), Some(0)));
        drop(log);
        assert_eq!(taken(&rows), None);
    }

    #[test]
    fn rows_wait_for_company_but_not_for_long() {
        let (mut log, rows) = log();
        log.flush_if_old(LONGEST_WAIT_NS);
        log.put(BLANK);
        log.flush_if_old(LONGEST_WAIT_NS + 1);
        assert_eq!(taken(&rows), Some(0));
        log.flush_if_old(2 * LONGEST_WAIT_NS);
        assert_eq!(taken(&rows), Some(1));
    }

    #[test]
    fn connections_go_the_same_way() {
        let (mut log, rows) = log();
        (0..BLOCK_LINKS + 1).for_each(|_| log.put_link(Link::BLANK));
        log.put(BLANK);
        log.flush();
        assert_eq!((taken(&rows), taken(&rows)), (Some(BLOCK_LINKS), Some(2)));
        assert_eq!(log.lost, 0);
    }

    #[test]
    fn a_row_keeps_its_fields_in_their_places() {
        let row = Row {
            intended_ns: 1,
            noticed_ns: 2,
            sent_ns: 3,
            first_byte_ns: 4,
            done_ns: 5,
            connection: 6,
            response_bytes: 7,
            operation: 8,
            status: 9,
            outcome: Outcome::ConnectionError,
        };
        let bytes = row.encode();
        let times: Vec<u8> = bytes[..40].iter().step_by(8).copied().collect();
        assert_eq!(times, [1, 2, 3, 4, 5]);
        assert_eq!(
            (bytes[40], bytes[44], bytes[48], bytes[50], bytes[52]),
            (6, 7, 8, 9, 3)
        );
    }
}
