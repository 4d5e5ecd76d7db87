//! Writing: sections and chunks, hashed on their way.

use std::io::Write;

use sha2::{Digest, Sha256};

use crate::ScheduleError;
use crate::arrivals::Start;
use crate::chunk::{ENDS_SESSION, MOST_ENTRIES, OWN_PAYLOAD, SESSION_RECORD_BYTES, record_bytes};
use crate::spec::{Arrival, OperationSpec};

/// Entries of a chunk; a quarter of what may be read keeps reading one short.
const ENTRIES: usize = 16_384;
/// Payloads end a chunk where they pass this; a closed loop's one chunk may be longer.
const BLOB: usize = 1 << 20;
const CLOSED_BLOB: usize = 16 << 20;

/// A file that is written and hashed.
pub(crate) struct Hashing<W> {
    out: W,
    digest: Sha256,
    bytes: u64,
}

impl<W: Write> Hashing<W> {
    pub(crate) fn new(out: W) -> Self {
        Self {
            out,
            digest: Sha256::new(),
            bytes: 0,
        }
    }

    pub(crate) fn put(&mut self, bytes: &[u8]) -> Result<(), ScheduleError> {
        self.out.write_all(bytes).map_err(ScheduleError::Write)?;
        self.digest.update(bytes);
        self.bytes += bytes.len() as u64;
        Ok(())
    }

    /// Returns SHA-256 in hex and length.
    pub(crate) fn finish(mut self) -> Result<(String, u64), ScheduleError> {
        self.out.flush().map_err(ScheduleError::Write)?;
        Ok((hex(&self.digest.finalize()), self.bytes))
    }
}

/// Writes bytes as lower-case hex.
pub(crate) fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let digits = bytes.iter().flat_map(|byte| [byte >> 4, byte & 15]);
    digits
        .map(|digit| char::from(DIGITS[usize::from(digit)]))
        .collect()
}

/// Reads hex of a checked length; anything else gives nothing.
fn unhex(text: &str) -> Option<[u8; 32]> {
    let mut digest = [0; 32];
    for (byte, pair) in digest.iter_mut().zip(text.as_bytes().chunks_exact(2)) {
        let digit = |byte: u8| char::from(byte).to_digit(16);
        *byte = (digit(pair[0])? << 4 | digit(pair[1])?) as u8;
    }
    (text.len() == 64).then_some(digest)
}

/// Returns the section of the operations.
pub(crate) fn operations(operations: &[OperationSpec]) -> Vec<u8> {
    let mut out = Vec::new();
    for operation in operations {
        let expect = &operation.expect;
        let digest = unhex(&expect.body_sha256);
        out.extend_from_slice(&operation.weight.to_bits().to_le_bytes());
        out.extend_from_slice(&operation.timeout_ns.to_le_bytes());
        out.extend_from_slice(&expect.status_low.to_le_bytes());
        out.extend_from_slice(&expect.status_high.to_le_bytes());
        out.extend_from_slice(&(operation.name.len() as u16).to_le_bytes());
        out.extend_from_slice(&u16::from(digest.is_some()).to_le_bytes());
        out.extend_from_slice(&(expect.body_contains.len() as u32).to_le_bytes());
        out.extend_from_slice(digest.as_ref().map_or(&[], |digest| digest.as_slice()));
        out.extend_from_slice(operation.name.as_bytes());
        out.extend_from_slice(expect.body_contains.as_bytes());
    }
    out
}

/// Gathers entries until a chunk is full.
pub(crate) struct ChunkWriter {
    records: Vec<u8>,
    /// Payloads of this chunk alone, each behind its length (u32).
    pub(crate) blob: Vec<u8>,
    record_bytes: usize,
    most_entries: usize,
    most_blob: usize,
    written: u64,
}

/// Where an entry's payload is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// Number of a pooled one.
    Pool(u32),
    /// Offset into the chunk's payloads.
    Own(u32),
}

impl ChunkWriter {
    pub(crate) fn new(arrival: Arrival) -> Self {
        let (most_entries, most_blob) = match arrival {
            Arrival::Closed => (MOST_ENTRIES, CLOSED_BLOB),
            _ => (ENTRIES, BLOB),
        };
        Self {
            records: Vec::new(),
            blob: Vec::new(),
            record_bytes: record_bytes(arrival),
            most_entries,
            most_blob,
            written: 0,
        }
    }

    pub(crate) fn push(&mut self, start: &Start, operation: u16, place: Place) {
        let (payload, own) = match place {
            Place::Pool(number) => (number, 0),
            Place::Own(offset) => (offset, OWN_PAYLOAD),
        };
        let ends = if start.ends_session { ENDS_SESSION } else { 0 };
        self.records
            .extend_from_slice(&start.intended_ns.to_le_bytes());
        self.records.extend_from_slice(&payload.to_le_bytes());
        self.records.extend_from_slice(&operation.to_le_bytes());
        self.records.extend_from_slice(&(own | ends).to_le_bytes());
        if self.record_bytes == SESSION_RECORD_BYTES {
            self.records.extend_from_slice(&start.session.to_le_bytes());
            self.records
                .extend_from_slice(&start.think_ns.to_le_bytes());
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.records.len() / self.record_bytes
    }

    pub(crate) fn is_full(&self) -> bool {
        self.len() >= self.most_entries || self.blob.len() >= self.most_blob
    }

    /// Writes the chunk and begins the next.
    pub(crate) fn flush<W: Write>(&mut self, file: &mut Hashing<W>) -> Result<(), ScheduleError> {
        let entries = self.len();
        if entries == 0 {
            return Ok(());
        }
        file.put(&(entries as u32).to_le_bytes())?;
        file.put(&(self.blob.len() as u32).to_le_bytes())?;
        file.put(&self.written.to_le_bytes())?;
        file.put(&self.records)?;
        file.put(&self.blob)?;
        self.written += entries as u64;
        self.records.clear();
        self.blob.clear();
        Ok(())
    }
}
