//! Reading: every offset, index and order is checked once, when the schedule is opened.

use crate::old::format::{Header, Layout, OPERATION_BYTES, RECORD_BYTES, u32_at, u64_at};
use crate::old::spec::{LONGEST_NS, MOST};
use crate::old::{Arrival, ScheduleError};

/// One operation of a schedule.
#[derive(Clone, Debug, PartialEq)]
pub struct Operation<'a> {
    /// Name shown to people.
    pub name: &'a str,
    /// Relative frequency.
    pub weight: f64,
    /// Time-out, from the intended start, in ns.
    pub timeout_ns: u64,
    /// HTTP status that counts as success.
    pub expected_status: u16,
}

/// One intended start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Entry {
    /// From the schedule's zero, in ns.
    pub intended_ns: u64,
    /// Index for [`Schedule::payload`].
    pub payload: u32,
    /// Index into [`Schedule::operations`].
    pub operation: u32,
}

/// A schedule over borrowed bytes.
#[derive(Clone, Debug)]
pub struct Schedule<'a> {
    bytes: &'a [u8],
    header: Header,
    layout: Layout,
    operations: Vec<Operation<'a>>,
}

fn wrong(message: impl Into<String>) -> ScheduleError {
    ScheduleError::Format(message.into())
}

impl<'a> Schedule<'a> {
    /// Opens a schedule and checks all of it.
    ///
    /// # Errors
    /// [`ScheduleError::Format`] or [`ScheduleError::Version`] naming what does not add up.
    pub fn open(bytes: &'a [u8]) -> Result<Self, ScheduleError> {
        let header = Header::decode(bytes)?;
        let layout = header
            .layout()
            .ok_or_else(|| wrong("its header promises more than an address space holds"))?;
        if layout.end != bytes.len() {
            return Err(wrong(format!(
                "its header promises {} bytes, the file has {}",
                layout.end,
                bytes.len()
            )));
        }
        let operations = read_operations(bytes, &header, layout.payloads)?;
        let schedule = Self {
            bytes,
            header,
            layout,
            operations,
        };
        schedule.check_header()?;
        schedule.check_payloads()?;
        schedule.check_entries()?;
        Ok(schedule)
    }

    fn check_header(&self) -> Result<(), ScheduleError> {
        let header = &self.header;
        if !(header.rate_per_s.is_finite() && header.rate_per_s > 0.0) {
            return Err(wrong(format!(
                "a rate of {} is impossible",
                header.rate_per_s
            )));
        }
        let possible = (1..=LONGEST_NS).contains(&header.duration_ns)
            && (1..=MOST).contains(&header.max_connections)
            && (1..=MOST).contains(&header.operations);
        if !possible {
            return Err(wrong(
                "its duration, its connection cap or its number of operations is impossible",
            ));
        }
        Ok(())
    }

    fn check_payloads(&self) -> Result<(), ScheduleError> {
        for index in 0..self.header.payloads as usize {
            let at = self.layout.payloads + index * RECORD_BYTES;
            let (offset, length) = (u64_at(self.bytes, at), u32_at(self.bytes, at + 8));
            let end = offset.checked_add(u64::from(length));
            let inside = end.is_some_and(|end| end <= self.header.blob_bytes);
            if !inside || length == 0 || u32_at(self.bytes, at + 12) >= self.header.operations {
                return Err(wrong(format!("payload {index} is empty or lies outside")));
            }
        }
        Ok(())
    }

    fn check_entries(&self) -> Result<(), ScheduleError> {
        let mut previous = 0;
        for (index, entry) in self.entries().enumerate() {
            if u64::from(entry.payload) >= self.header.payloads
                || entry.operation >= self.header.operations
            {
                return Err(wrong(format!(
                    "request {index} names a payload or operation that is not there"
                )));
            }
            if entry.intended_ns < previous || entry.intended_ns >= self.header.duration_ns {
                return Err(wrong(format!(
                    "request {index} is out of order or after the end"
                )));
            }
            previous = entry.intended_ns;
        }
        Ok(())
    }

    /// Number of intended starts.
    pub const fn len(&self) -> usize {
        self.header.entries as usize
    }

    /// Whether nothing is ever sent.
    pub const fn is_empty(&self) -> bool {
        self.header.entries == 0
    }

    /// Length of the time line, in ns.
    pub const fn duration_ns(&self) -> u64 {
        self.header.duration_ns
    }

    /// Mean rate asked for, per second.
    pub const fn rate_per_s(&self) -> f64 {
        self.header.rate_per_s
    }

    /// Seed of all draws.
    pub const fn seed(&self) -> u64 {
        self.header.seed
    }

    /// Arrival process.
    pub const fn arrival(&self) -> Arrival {
        self.header.arrival
    }

    /// Cap of the connection pool.
    pub const fn max_connections(&self) -> u32 {
        self.header.max_connections
    }

    /// The operations.
    pub fn operations(&self) -> &[Operation<'a>] {
        &self.operations
    }

    /// Returns an intended start; `index` below [`Schedule::len`].
    #[inline]
    pub fn entry(&self, index: usize) -> Entry {
        let at = self.layout.entries + index * RECORD_BYTES;
        Entry {
            intended_ns: u64_at(self.bytes, at),
            payload: u32_at(self.bytes, at + 8),
            operation: u32_at(self.bytes, at + 12),
        }
    }

    /// All intended starts in order.
    pub fn entries(&self) -> impl Iterator<Item = Entry> + '_ {
        (0..self.len()).map(|index| self.entry(index))
    }

    /// Returns the request bytes; `payload` as an entry names it.
    #[inline]
    pub fn payload(&self, payload: u32) -> &'a [u8] {
        let at = self.layout.payloads + payload as usize * RECORD_BYTES;
        let start = self.layout.blob + u64_at(self.bytes, at) as usize;
        &self.bytes[start..start + u32_at(self.bytes, at + 8) as usize]
    }
}

fn read_operations<'a>(
    bytes: &'a [u8],
    header: &Header,
    end: usize,
) -> Result<Vec<Operation<'a>>, ScheduleError> {
    let cut = || wrong("its operations are cut short");
    let mut rest = bytes
        .get(crate::old::format::HEADER_BYTES..end)
        .ok_or_else(cut)?;
    let mut operations = Vec::new();
    for _ in 0..header.operations {
        let fixed = rest.get(..OPERATION_BYTES).ok_or_else(cut)?;
        let length = usize::from(fixed[18]) | usize::from(fixed[19]) << 8;
        let name = rest
            .get(OPERATION_BYTES..OPERATION_BYTES + length)
            .ok_or_else(cut)?;
        let operation = Operation {
            name: std::str::from_utf8(name)
                .map_err(|_| wrong("an operation's name is not UTF-8"))?,
            weight: f64::from_bits(u64_at(fixed, 0)),
            timeout_ns: u64_at(fixed, 8),
            expected_status: u16::from_le_bytes([fixed[16], fixed[17]]),
        };
        if !(1..=LONGEST_NS).contains(&operation.timeout_ns) {
            return Err(wrong(format!(
                "operation {:?} has an impossible time-out",
                operation.name
            )));
        }
        operations.push(operation);
        rest = &rest[OPERATION_BYTES + length..];
    }
    if operations.is_empty() || !rest.is_empty() {
        return Err(wrong("its operations do not fill their section"));
    }
    Ok(operations)
}
