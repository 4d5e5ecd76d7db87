//! Chunks: the entries of a schedule, read a piece at a time into memory that is used again.

use std::io::Read;

use crate::error::wrong;
use crate::format::{CHUNK_BYTES, read_exactly, u16_at, u32_at, u64_at};
use crate::spec::Arrival;
use crate::{Plan, ScheduleError};

/// Most entries of a chunk that is read; of a closed loop's only chunk.
pub(crate) const MOST_ENTRIES: usize = 65_536;
/// Most bytes of payloads of a chunk that is read.
pub(crate) const MOST_BLOB: u64 = 160 * 1024 * 1024;
/// Intended start u64, payload u32, operation u16, flags u16.
pub(crate) const RECORD_BYTES: usize = 16;
/// Also session u32, think time u64.
pub(crate) const SESSION_RECORD_BYTES: usize = 28;
/// The request is the last of its session.
pub(crate) const ENDS_SESSION: u16 = 1;
/// The payload is an offset into the chunk's payloads, not the number of a pooled one.
pub(crate) const OWN_PAYLOAD: u16 = 2;

/// One intended start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Entry {
    /// From the schedule's zero, in ns.
    pub intended_ns: u64,
    /// Index into [`Plan::operations`].
    pub operation: u16,
    /// Session it belongs to, numbered from 1; 0: none.
    pub session: u32,
    /// From the end of the session's request before to the earliest send, in ns.
    pub think_ns: u64,
    /// Whether the session ends with it.
    pub ends_session: bool,
}

/// A run of entries with their payloads.
#[derive(Clone, Debug, Default)]
pub struct Chunk {
    records: Vec<u8>,
    record_bytes: usize,
    blob: Vec<u8>,
    first_index: u64,
    read: u64,
    last_ns: u64,
}

/// Bytes of an entry in schedules of this arrival process.
pub(crate) const fn record_bytes(arrival: Arrival) -> usize {
    match arrival {
        Arrival::Sessions => SESSION_RECORD_BYTES,
        _ => RECORD_BYTES,
    }
}

impl Chunk {
    /// An empty chunk that stands before the first entry.
    pub fn new() -> Self {
        Self {
            record_bytes: RECORD_BYTES,
            ..Self::default()
        }
    }

    /// Stands where `before` ended, to read on from there: several chunks may take turns.
    pub const fn follow(&mut self, before: &Self) {
        self.read = before.read;
        self.last_ns = before.last_ns;
    }

    /// Replaces the entries by the next ones; false when there are no more.
    ///
    /// Checks that the entries follow one another and that all they name is there.
    ///
    /// # Errors
    /// [`ScheduleError::Format`] naming what does not add up, [`ScheduleError::Read`] when `input` fails.
    pub fn read(&mut self, plan: &Plan, input: &mut impl Read) -> Result<bool, ScheduleError> {
        self.records.clear();
        self.first_index = self.read;
        if self.read == plan.requests() {
            let more = input.by_ref().take(1).read_to_end(&mut self.blob);
            self.blob.clear();
            return match more.map_err(ScheduleError::Read)? {
                0 => Ok(false),
                _ => Err(wrong("it is longer than its header promises")),
            };
        }
        self.record_bytes = record_bytes(plan.arrival());
        self.fill(plan, input)?;
        self.check(plan)?;
        self.read += self.len() as u64;
        Ok(true)
    }

    fn fill(&mut self, plan: &Plan, input: &mut impl Read) -> Result<(), ScheduleError> {
        read_exactly(input, CHUNK_BYTES as u64, &mut self.blob)?;
        let entries = u32_at(&self.blob, 0);
        let blob_bytes = u64::from(u32_at(&self.blob, 4));
        let left = plan.requests() - self.read;
        let possible = (1..=MOST_ENTRIES as u64).contains(&u64::from(entries))
            && u64::from(entries) <= left
            && blob_bytes <= MOST_BLOB
            && u64_at(&self.blob, 8) == self.first_index;
        if !possible {
            return Err(wrong(format!(
                "the chunk of request {} contradicts its header",
                self.first_index
            )));
        }
        let bytes = u64::from(entries) * self.record_bytes as u64;
        read_exactly(input, bytes, &mut self.records)?;
        read_exactly(input, blob_bytes, &mut self.blob)
    }

    fn check(&mut self, plan: &Plan) -> Result<(), ScheduleError> {
        let operations = plan.operations().len();
        let mut blob_end = 0;
        for index in 0..self.len() {
            let entry = self.entry(index);
            let (payload, flags) = self.reference(index);
            let ordered =
                entry.intended_ns >= self.last_ns && entry.intended_ns < plan.duration_ns();
            let named = usize::from(entry.operation) < operations
                && flags <= ENDS_SESSION | OWN_PAYLOAD
                && (plan.arrival() == Arrival::Sessions) == (entry.session != 0);
            let found = if flags & OWN_PAYLOAD == 0 {
                plan.owns(entry.operation, payload)
            } else {
                payload as usize == blob_end && self.skip(&mut blob_end)
            };
            if !(ordered && named && found) {
                let index = self.first_index + index as u64;
                return Err(wrong(format!(
                    "request {index} is out of order or names what is not there"
                )));
            }
            self.last_ns = entry.intended_ns;
        }
        if blob_end == self.blob.len() {
            Ok(())
        } else {
            Err(wrong("a chunk holds bytes that nobody sends"))
        }
    }

    /// Moves `at` behind the payload there; false if there is none.
    fn skip(&self, at: &mut usize) -> bool {
        let rest = self.blob.get(*at..).unwrap_or_default();
        if rest.len() < 4 {
            return false;
        }
        let length = u32_at(rest, 0) as usize;
        *at += 4 + length;
        length > 0 && rest.len() - 4 >= length
    }

    /// Number of entries.
    pub fn len(&self) -> usize {
        self.records.len() / self.record_bytes.max(1)
    }

    /// Whether there are no entries.
    pub fn is_empty(&self) -> bool {
        self.records.is_empty()
    }

    /// Number of the first entry, counted over the whole schedule.
    pub const fn first_index(&self) -> u64 {
        self.first_index
    }

    /// Payload and flags of an entry.
    fn reference(&self, index: usize) -> (u32, u16) {
        let at = index * self.record_bytes;
        (
            u32_at(&self.records, at + 8),
            u16_at(&self.records, at + 14),
        )
    }

    /// Returns an entry; `index` must be below [`Chunk::len`].
    pub fn entry(&self, index: usize) -> Entry {
        let at = index * self.record_bytes;
        let record = &self.records[at..at + self.record_bytes];
        let (session, think_ns) = if record.len() == SESSION_RECORD_BYTES {
            (u32_at(record, 16), u64_at(record, 20))
        } else {
            (0, 0)
        };
        Entry {
            intended_ns: u64_at(record, 0),
            operation: u16_at(record, 12),
            session,
            think_ns,
            ends_session: u16_at(record, 14) & ENDS_SESSION != 0,
        }
    }

    /// Returns what an entry sends; `index` must be below [`Chunk::len`].
    pub fn payload<'a>(&'a self, plan: &'a Plan, index: usize) -> &'a [u8] {
        let (payload, flags) = self.reference(index);
        if flags & OWN_PAYLOAD == 0 {
            return plan.pooled(payload);
        }
        let begin = payload as usize + 4;
        let length = u32_at(&self.blob, payload as usize) as usize;
        &self.blob[begin..begin + length]
    }
}
