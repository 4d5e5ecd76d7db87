//! The header: fixed size, little-endian; and how sections are read without trusting their lengths.

use std::io::Read;

use crate::error::wrong;
use crate::spec::{Arrival, LONGEST_NS, MOST, Protocol};
use crate::{Framing, ScheduleError};

pub(crate) const MAGIC: [u8; 8] = *b"TTSCHED\n";
pub(crate) const VERSION: u32 = 2;
pub(crate) const HEADER_BYTES: usize = 88;
/// Bytes of an operation before its digest, its name and the text it expects.
pub(crate) const OPERATION_BYTES: usize = 28;
/// Bytes of a pooled payload's record: length u32, operation u32.
pub(crate) const POOL_BYTES: usize = 8;
/// Bytes before a chunk's entries: entries u32, bytes of payloads u32, index of the first entry u64.
pub(crate) const CHUNK_BYTES: usize = 16;

const ARRIVALS: [Arrival; 5] = [
    Arrival::Poisson,
    Arrival::Constant,
    Arrival::Closed,
    Arrival::Sessions,
    Arrival::Trace,
];
const PROTOCOLS: [Protocol; 6] = [
    Protocol::Http1,
    Protocol::Http2,
    Protocol::Grpc,
    Protocol::Line,
    Protocol::LengthPrefixed,
    Protocol::Resp,
];

/// What stands at the beginning of a schedule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Header {
    pub(crate) arrival: Arrival,
    pub(crate) protocol: Protocol,
    pub(crate) seed: u64,
    pub(crate) duration_ns: u64,
    pub(crate) max_connections: u32,
    pub(crate) operations: u32,
    pub(crate) requests: u64,
    pub(crate) most_within_timeout: u64,
    pub(crate) operations_bytes: u64,
    pub(crate) pooled: u32,
    pub(crate) pooled_bytes: u64,
    /// Its `hello` follows the header.
    pub(crate) framing: Framing,
}

fn place<T: PartialEq>(all: &[T], one: &T) -> u8 {
    all.iter().position(|known| known == one).unwrap_or(0) as u8
}

impl Header {
    pub(crate) fn encode(&self) -> [u8; HEADER_BYTES] {
        let mut bytes = [0; HEADER_BYTES];
        let mut at = 0;
        let mut put = |part: &[u8]| {
            bytes[at..at + part.len()].copy_from_slice(part);
            at += part.len();
        };
        let framing = &self.framing;
        put(&MAGIC);
        put(&VERSION.to_le_bytes());
        put(&[
            place(&ARRIVALS, &self.arrival),
            place(&PROTOCOLS, &self.protocol),
            framing.prefix_bytes,
            u8::from(framing.big_endian)
                | u8::from(framing.includes_prefix) << 1
                | u8::from(framing.skip_unasked) << 2,
        ]);
        put(&self.seed.to_le_bytes());
        put(&self.duration_ns.to_le_bytes());
        put(&self.max_connections.to_le_bytes());
        put(&self.operations.to_le_bytes());
        put(&self.requests.to_le_bytes());
        put(&self.most_within_timeout.to_le_bytes());
        put(&self.operations_bytes.to_le_bytes());
        put(&self.pooled_bytes.to_le_bytes());
        put(&self.pooled.to_le_bytes());
        put(&(framing.hello.len() as u32).to_le_bytes());
        put(&framing.greeting_lines.to_le_bytes());
        put(&framing.answer_lines.to_le_bytes());
        bytes
    }

    /// Reads the header and what is sent first on each connection.
    pub(crate) fn read(input: &mut impl Read) -> Result<Self, ScheduleError> {
        let mut bytes = Vec::new();
        read_exactly(input, HEADER_BYTES as u64, &mut bytes)
            .map_err(|error| not_a_schedule(error, &bytes))?;
        let mut header = Self::decode(&bytes)?;
        let hello = u32_at(&bytes, 76);
        read_exactly(input, u64::from(hello), &mut header.framing.hello)?;
        Ok(header)
    }

    fn decode(bytes: &[u8]) -> Result<Self, ScheduleError> {
        if !bytes.starts_with(&MAGIC) {
            return Err(wrong("it does not begin with a schedule's header"));
        }
        let version = u32_at(bytes, 8);
        if version != VERSION {
            return Err(ScheduleError::Version {
                found: version,
                supported: VERSION,
            });
        }
        let arrival = ARRIVALS.get(usize::from(bytes[12]));
        let protocol = PROTOCOLS.get(usize::from(bytes[13]));
        let header = Self {
            arrival: *arrival.ok_or_else(|| wrong("its arrival process is unknown"))?,
            protocol: *protocol.ok_or_else(|| wrong("its protocol is unknown"))?,
            seed: u64_at(bytes, 16),
            duration_ns: u64_at(bytes, 24),
            max_connections: u32_at(bytes, 32),
            operations: u32_at(bytes, 36),
            requests: u64_at(bytes, 40),
            most_within_timeout: u64_at(bytes, 48),
            operations_bytes: u64_at(bytes, 56),
            pooled_bytes: u64_at(bytes, 64),
            pooled: u32_at(bytes, 72),
            framing: Framing {
                hello: Vec::new(),
                greeting_lines: u32_at(bytes, 80),
                answer_lines: u32_at(bytes, 84),
                prefix_bytes: bytes[14],
                big_endian: bytes[15] & 1 != 0,
                includes_prefix: bytes[15] & 2 != 0,
                skip_unasked: bytes[15] & 4 != 0,
            },
        };
        header.check(bytes[15])?;
        Ok(header)
    }

    fn check(&self, flags: u8) -> Result<(), ScheduleError> {
        let possible = (1..=LONGEST_NS).contains(&self.duration_ns)
            && (1..=MOST).contains(&self.max_connections)
            && (1..=MOST).contains(&self.operations);
        if !possible {
            return Err(wrong(
                "its duration, its connection cap or its number of operations is impossible",
            ));
        }
        if !matches!(self.framing.prefix_bytes, 1 | 2 | 4 | 8) || flags > 7 {
            return Err(wrong("its framing is impossible"));
        }
        Ok(())
    }
}

fn not_a_schedule(error: ScheduleError, bytes: &[u8]) -> ScheduleError {
    match error {
        ScheduleError::Format(_) if !bytes.starts_with(&MAGIC) => {
            wrong("it does not begin with a schedule's header")
        }
        other => other,
    }
}

/// Replaces `out` by `length` bytes; memory grows with what is there, not with what is promised.
pub(crate) fn read_exactly(
    input: &mut impl Read,
    length: u64,
    out: &mut Vec<u8>,
) -> Result<(), ScheduleError> {
    out.clear();
    let read = input.by_ref().take(length).read_to_end(out);
    if read.map_err(ScheduleError::Read)? as u64 == length {
        Ok(())
    } else {
        Err(wrong("it is cut short"))
    }
}

/// Reads a little-endian integer; the caller has checked that it lies inside.
#[inline]
pub(crate) fn u16_at(bytes: &[u8], at: usize) -> u16 {
    u16::from_le_bytes([bytes[at], bytes[at + 1]])
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
