//! The header: fixed size, little-endian.

use crate::old::{Arrival, ScheduleError};

pub(crate) const MAGIC: [u8; 8] = *b"TTSCHED\n";
pub(crate) const VERSION: u32 = 1;
pub(crate) const HEADER_BYTES: usize = 96;
pub(crate) const RECORD_BYTES: usize = 16;
/// Bytes of an operation before its name.
pub(crate) const OPERATION_BYTES: usize = 20;

/// The numbers from which the place of every section follows.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Header {
    pub(crate) arrival: Arrival,
    pub(crate) seed: u64,
    pub(crate) rate_per_s: f64,
    pub(crate) duration_ns: u64,
    pub(crate) max_connections: u32,
    pub(crate) operations: u32,
    pub(crate) operations_bytes: u64,
    pub(crate) payloads: u64,
    pub(crate) blob_bytes: u64,
    pub(crate) entries: u64,
}

/// Byte offsets of the sections; each ends where the next begins.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Layout {
    pub(crate) payloads: usize,
    pub(crate) blob: usize,
    pub(crate) entries: usize,
    pub(crate) end: usize,
}

/// Zero bytes that bring `length` to a multiple of the record size.
pub(crate) const fn padding(length: u64) -> u64 {
    length.wrapping_neg() % RECORD_BYTES as u64
}

fn sum(parts: &[u64]) -> Option<usize> {
    let total = parts
        .iter()
        .try_fold(0_u64, |sum, part| sum.checked_add(*part))?;
    usize::try_from(total).ok()
}

impl Header {
    /// Places the sections, or returns nothing when the numbers do not fit an address space.
    pub(crate) fn layout(&self) -> Option<Layout> {
        let record = RECORD_BYTES as u64;
        let payloads = sum(&[HEADER_BYTES as u64, self.operations_bytes])?;
        let blob = sum(&[payloads as u64, self.payloads.checked_mul(record)?])?;
        let unpadded = sum(&[blob as u64, self.blob_bytes])?;
        let entries = sum(&[unpadded as u64, padding(unpadded as u64)])?;
        let end = sum(&[entries as u64, self.entries.checked_mul(record)?])?;
        Some(Layout {
            payloads,
            blob,
            entries,
            end,
        })
    }

    pub(crate) fn encode(&self) -> [u8; HEADER_BYTES] {
        let mut bytes = [0; HEADER_BYTES];
        let mut at = 0;
        let mut put = |part: &[u8]| {
            bytes[at..at + part.len()].copy_from_slice(part);
            at += part.len();
        };
        put(&MAGIC);
        put(&VERSION.to_le_bytes());
        put(&u32::from(self.arrival == Arrival::Constant).to_le_bytes());
        put(&self.seed.to_le_bytes());
        put(&self.rate_per_s.to_bits().to_le_bytes());
        put(&self.duration_ns.to_le_bytes());
        put(&self.max_connections.to_le_bytes());
        put(&self.operations.to_le_bytes());
        put(&self.operations_bytes.to_le_bytes());
        put(&self.payloads.to_le_bytes());
        put(&self.blob_bytes.to_le_bytes());
        put(&self.entries.to_le_bytes());
        bytes
    }

    pub(crate) fn decode(bytes: &[u8]) -> Result<Self, ScheduleError> {
        let header = bytes
            .get(..HEADER_BYTES)
            .filter(|header| header.starts_with(&MAGIC))
            .ok_or_else(|| {
                ScheduleError::Format("it does not begin with a schedule's header".into())
            })?;
        let version = u32_at(header, 8);
        if version != VERSION {
            return Err(ScheduleError::Version {
                found: version,
                supported: VERSION,
            });
        }
        let arrival = match u32_at(header, 12) {
            0 => Arrival::Poisson,
            1 => Arrival::Constant,
            other => {
                return Err(ScheduleError::Format(format!(
                    "arrival process {other} is unknown"
                )));
            }
        };
        Ok(Self {
            arrival,
            seed: u64_at(header, 16),
            rate_per_s: f64::from_bits(u64_at(header, 24)),
            duration_ns: u64_at(header, 32),
            max_connections: u32_at(header, 40),
            operations: u32_at(header, 44),
            operations_bytes: u64_at(header, 48),
            payloads: u64_at(header, 56),
            blob_bytes: u64_at(header, 64),
            entries: u64_at(header, 72),
        })
    }
}

/// Reads a little-endian integer; the caller has checked that it lies inside.
#[inline]
pub(crate) fn u32_at(bytes: &[u8], at: usize) -> u32 {
    let mut word = [0; 4];
    word.copy_from_slice(&bytes[at..at + 4]);
    u32::from_le_bytes(word)
}

/// Reads a little-endian integer; the caller has checked that it lies inside.
#[inline]
pub(crate) fn u64_at(bytes: &[u8], at: usize) -> u64 {
    let mut word = [0; 8];
    word.copy_from_slice(&bytes[at..at + 8]);
    u64::from_le_bytes(word)
}
