//! The plan: everything of a schedule but its entries, small enough to stay in memory.

use std::io::Read;

use crate::ScheduleError;
use crate::error::wrong;
use crate::format::{Header, OPERATION_BYTES, POOL_BYTES, read_exactly, u16_at, u32_at, u64_at};
use crate::spec::{Arrival, LONGEST_NS, Protocol};

/// Where messages of the raw protocols begin and end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Framing {
    /// Sent first on each connection; may be empty.
    pub hello: Vec<u8>,
    /// Lines that the server sends before anything is asked (line).
    pub greeting_lines: u32,
    /// Lines of an answer (line).
    pub answer_lines: u32,
    /// Whether lines between requests are passed over (line).
    pub skip_unasked: bool,
    /// Bytes of a length: 1, 2, 4 or 8 (length-prefixed).
    pub prefix_bytes: u8,
    /// Whether the length's most significant byte comes first.
    pub big_endian: bool,
    /// Whether the length counts its own bytes.
    pub includes_prefix: bool,
}

/// What a good answer looks like.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Expect {
    /// Lowest good status.
    pub status_low: u16,
    /// Highest good status.
    pub status_high: u16,
    /// Bytes that the body holds; empty: any.
    pub body_contains: Vec<u8>,
    /// Digest of the body; nothing: any.
    pub body_sha256: Option<[u8; 32]>,
}

/// One operation of a schedule.
#[derive(Clone, Debug, PartialEq)]
pub struct Operation {
    /// Name shown to people.
    pub name: String,
    /// Relative frequency.
    pub weight: f64,
    /// Time-out, from the intended start, in ns.
    pub timeout_ns: u64,
    /// What a good answer looks like.
    pub expect: Expect,
}

/// A payload that many entries share.
#[derive(Clone, Copy, Debug)]
struct Pooled {
    begin: usize,
    length: u32,
    operation: u16,
}

/// Header, operations and pooled payloads of a schedule.
#[derive(Clone, Debug)]
pub struct Plan {
    header: Header,
    operations: Vec<Operation>,
    pool: Vec<Pooled>,
    bytes: Vec<u8>,
}

impl Plan {
    /// Reads up to the first chunk; bytes that promise more than they hold cost no memory.
    ///
    /// # Errors
    /// [`ScheduleError::Format`] or [`ScheduleError::Version`] naming what does not add up,
    /// [`ScheduleError::Read`] when `input` fails.
    pub fn read(input: &mut impl Read) -> Result<Self, ScheduleError> {
        let header = Header::read(input)?;
        let mut section = Vec::new();
        read_exactly(input, header.operations_bytes, &mut section)?;
        let operations = read_operations(&section, header.operations)?;
        read_exactly(
            input,
            u64::from(header.pooled) * POOL_BYTES as u64,
            &mut section,
        )?;
        let pool = read_pool(&section, &header)?;
        let mut bytes = Vec::new();
        read_exactly(input, header.pooled_bytes, &mut bytes)?;
        Ok(Self {
            header,
            operations,
            pool,
            bytes,
        })
    }

    /// Arrival process.
    pub const fn arrival(&self) -> Arrival {
        self.header.arrival
    }

    /// What is spoken.
    pub const fn protocol(&self) -> Protocol {
        self.header.protocol
    }

    /// Where messages of raw protocols begin and end.
    pub const fn framing(&self) -> &Framing {
        &self.header.framing
    }

    /// Number of intended starts; closed: of the requests that are sent in turn.
    pub const fn requests(&self) -> u64 {
        self.header.requests
    }

    /// Length of the time line, in ns.
    pub const fn duration_ns(&self) -> u64 {
        self.header.duration_ns
    }

    /// Mean rate of intended starts, per second; closed: 0.
    pub fn rate_per_s(&self) -> f64 {
        match self.header.arrival {
            Arrival::Closed => 0.0,
            _ => self.header.requests as f64 * 1e9 / self.header.duration_ns as f64,
        }
    }

    /// Seed of all draws.
    pub const fn seed(&self) -> u64 {
        self.header.seed
    }

    /// Cap of the connection pool; closed: its number of connections.
    pub const fn max_connections(&self) -> u32 {
        self.header.max_connections
    }

    /// The operations.
    pub fn operations(&self) -> &[Operation] {
        &self.operations
    }

    /// Upper bound, at most 1/256 of the time-out too wide, of the intended starts in any stretch as
    /// long as the longest time-out; closed: the connections.
    pub const fn most_within_timeout(&self) -> u64 {
        self.header.most_within_timeout
    }

    /// The longest time-out, in ns.
    pub(crate) fn longest_timeout_ns(&self) -> u64 {
        let timeouts = self.operations.iter().map(|operation| operation.timeout_ns);
        timeouts.max().unwrap_or(1)
    }

    /// Returns a pooled payload; an index that is not there gives nothing.
    pub(crate) fn pooled(&self, index: u32) -> &[u8] {
        self.pool.get(index as usize).map_or(&[], |pooled| {
            &self.bytes[pooled.begin..pooled.begin + pooled.length as usize]
        })
    }

    /// Whether a pooled payload is there and belongs to `operation`.
    pub(crate) fn owns(&self, operation: u16, index: u32) -> bool {
        let found = self.pool.get(index as usize);
        found.is_some_and(|pooled| pooled.operation == operation)
    }
}

fn read_operations(section: &[u8], count: u32) -> Result<Vec<Operation>, ScheduleError> {
    let mut operations = Vec::new();
    let mut rest = section;
    for index in 0..count {
        let (operation, after) = read_operation(rest)
            .ok_or_else(|| wrong(format!("operation {index} is impossible or cut short")))?;
        operations.push(operation);
        rest = after;
    }
    if rest.is_empty() {
        Ok(operations)
    } else {
        Err(wrong("its operations are longer than their number tells"))
    }
}

/// Returns the operation at the beginning of `bytes` and what follows it.
fn read_operation(bytes: &[u8]) -> Option<(Operation, &[u8])> {
    let (fixed, rest) = bytes.split_at_checked(OPERATION_BYTES)?;
    let weight = f64::from_bits(u64_at(fixed, 0));
    let timeout_ns = u64_at(fixed, 8);
    let (digest, rest) = match u16_at(fixed, 22) {
        0 => (None, rest),
        1 => rest
            .split_first_chunk()
            .map(|(digest, rest)| (Some(*digest), rest))?,
        _ => return None,
    };
    let (name, rest) = rest.split_at_checked(usize::from(u16_at(fixed, 20)))?;
    let (contains, rest) = rest.split_at_checked(u32_at(fixed, 24) as usize)?;
    let possible = weight.is_finite() && weight > 0.0 && (1..=LONGEST_NS).contains(&timeout_ns);
    let operation = Operation {
        name: String::from_utf8(name.to_vec()).ok()?,
        weight,
        timeout_ns,
        expect: Expect {
            status_low: u16_at(fixed, 16),
            status_high: u16_at(fixed, 18),
            body_contains: contains.to_vec(),
            body_sha256: digest,
        },
    };
    possible.then_some((operation, rest))
}

fn read_pool(section: &[u8], header: &Header) -> Result<Vec<Pooled>, ScheduleError> {
    let mut pool = Vec::with_capacity(section.len() / POOL_BYTES);
    let mut begin = 0_u64;
    for (index, record) in section.chunks_exact(POOL_BYTES).enumerate() {
        let (length, operation) = (u32_at(record, 0), u32_at(record, 4));
        if length == 0 || operation >= header.operations {
            return Err(wrong(format!("payload {index} is empty or nobody's")));
        }
        pool.push(Pooled {
            begin: begin as usize,
            length,
            operation: operation as u16,
        });
        begin += u64::from(length);
    }
    if begin == header.pooled_bytes {
        Ok(pool)
    } else {
        Err(wrong("its payloads are not as long as its header tells"))
    }
}
