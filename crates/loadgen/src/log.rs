//! What is remembered of each request, and the queue on which it leaves the engine.
//!
//! The queue is bounded and allocated beforehand. The recorder polls it instead of waiting on it, so
//! that putting a row into it never enters the kernel.

use std::sync::mpsc::{Receiver, SyncSender, TryRecvError, sync_channel};

/// How a request ended; the order is that of `OUTCOMES` in the bundle's schema.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Outcome {
    Ok = 0,
    UnexpectedStatus = 1,
    Timeout = 2,
    ConnectionError = 3,
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

    const fn blank() -> Self {
        Self {
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
        }
    }
}

/// The engine's end of the queue.
pub(crate) struct Log {
    rows: SyncSender<Row>,
    /// Rows that found the queue full.
    pub(crate) lost: u64,
}

impl Log {
    /// Returns both ends of a queue of `capacity` rows, its memory touched.
    pub(crate) fn with_capacity(capacity: usize) -> (Self, Receiver<Row>) {
        let (sender, receiver) = sync_channel(capacity);
        while sender.try_send(Row::blank()).is_ok() {}
        while receiver.try_recv().is_ok() {}
        let log = Self {
            rows: sender,
            lost: 0,
        };
        (log, receiver)
    }

    /// Hands a row to the recorder.
    #[inline]
    pub(crate) fn put(&mut self, row: Row) {
        self.lost += u64::from(self.rows.try_send(row).is_err());
    }
}

/// Takes the next row; the outer nothing means that none will come any more.
pub(crate) fn take(rows: &Receiver<Row>) -> Option<Option<Row>> {
    match rows.try_recv() {
        Ok(row) => Some(Some(row)),
        Err(TryRecvError::Empty) => Some(None),
        Err(TryRecvError::Disconnected) => None,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_full_queue_counts_what_it_loses() {
        let (mut log, rows) = Log::with_capacity(2);
        (0..3).for_each(|_| log.put(Row::blank()));
        assert_eq!(log.lost, 1);
        assert!(take(&rows).unwrap().is_some());
        assert!(take(&rows).unwrap().is_some());
        assert!(take(&rows).unwrap().is_none());
        drop(log);
        assert!(take(&rows).is_none());
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
