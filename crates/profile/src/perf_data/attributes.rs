//! What was recorded: `perf_event_attr`, and where it puts the fields of samples and records.

use super::fields::{Fields, i32_at, u64_at};

const SAMPLE_IP: u64 = 1;
const SAMPLE_TID: u64 = 1 << 1;
const SAMPLE_TIME: u64 = 1 << 2;
const SAMPLE_ADDR: u64 = 1 << 3;
pub(crate) const SAMPLE_READ: u64 = 1 << 4;
pub(crate) const SAMPLE_CALLCHAIN: u64 = 1 << 5;
const SAMPLE_ID: u64 = 1 << 6;
const SAMPLE_CPU: u64 = 1 << 7;
const SAMPLE_PERIOD: u64 = 1 << 8;
const SAMPLE_STREAM_ID: u64 = 1 << 9;
pub(crate) const SAMPLE_RAW: u64 = 1 << 10;
pub(crate) const SAMPLE_BRANCH_STACK: u64 = 1 << 11;
pub(crate) const SAMPLE_REGS_USER: u64 = 1 << 12;
pub(crate) const SAMPLE_STACK_USER: u64 = 1 << 13;
const SAMPLE_IDENTIFIER: u64 = 1 << 16;

const FLAG_FREQUENCY: u64 = 1 << 10;
const FLAG_SAMPLE_ID_ALL: u64 = 1 << 18;

/// The part of `struct perf_event_attr` (include/uapi/linux/perf_event.h) that reading needs.
#[derive(Clone, Debug, Default)]
pub(crate) struct Attributes {
    pub(crate) kind: u32,
    pub(crate) config: u64,
    /// Distance of samples; 0 where a frequency was asked for.
    pub(crate) period: u64,
    pub(crate) sample_type: u64,
    pub(crate) read_format: u64,
    pub(crate) branch_sample_type: u64,
    pub(crate) registers: u64,
    has_trailer: bool,
}

impl Attributes {
    /// Reads the bytes of a `perf_event_attr`; `None` if they are too few for what every version has.
    pub(crate) fn parse(bytes: &[u8]) -> Option<Self> {
        let mut fields = Fields(bytes);
        let kind = fields.u32()?;
        let config = fields.skip(4)?.u64()?;
        let period = fields.u64()?;
        let sample_type = fields.u64()?;
        let read_format = fields.u64()?;
        let flags = fields.u64()?;
        Some(Self {
            kind,
            config,
            period: if flags & FLAG_FREQUENCY == 0 {
                period
            } else {
                0
            },
            sample_type,
            read_format,
            branch_sample_type: u64_at(bytes, 72).unwrap_or(0),
            registers: u64_at(bytes, 80).unwrap_or(0),
            has_trailer: flags & FLAG_SAMPLE_ID_ALL != 0,
        })
    }

    pub(crate) fn has(&self, field: u64) -> bool {
        self.sample_type & field != 0
    }

    /// Places of the fields in samples, from the end of the record's header on.
    pub(crate) fn sample_places(&self) -> Places {
        let order = [
            SAMPLE_IDENTIFIER,
            SAMPLE_IP,
            SAMPLE_TID,
            SAMPLE_TIME,
            SAMPLE_ADDR,
            SAMPLE_ID,
            SAMPLE_STREAM_ID,
            SAMPLE_CPU,
            SAMPLE_PERIOD,
        ];
        self.places(&order)
    }

    /// Places of the fields that end other records, from the beginning of that trailer on.
    pub(crate) fn trailer_places(&self) -> Places {
        let order = [
            SAMPLE_TID,
            SAMPLE_TIME,
            SAMPLE_ID,
            SAMPLE_STREAM_ID,
            SAMPLE_CPU,
            SAMPLE_IDENTIFIER,
        ];
        if self.has_trailer {
            self.places(&order)
        } else {
            Places::default()
        }
    }

    /// All of these fields are eight bytes long.
    fn places(&self, order: &[u64]) -> Places {
        let mut length = 0;
        let mut places = Places::default();
        for &field in order.iter().filter(|&&field| self.has(field)) {
            let place = Some(length);
            match field {
                SAMPLE_IDENTIFIER => places.id = place,
                SAMPLE_ID => places.id = places.id.or(place),
                SAMPLE_IP => places.ip = place,
                SAMPLE_TID => places.thread = place,
                SAMPLE_TIME => places.time = place,
                SAMPLE_CPU => places.cpu = place,
                SAMPLE_PERIOD => places.period = place,
                _ => {}
            }
            length += 8;
        }
        places.length = length;
        places
    }
}

/// Offsets of fields in bytes; absent where the event does not record them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Places {
    pub(crate) id: Option<usize>,
    pub(crate) ip: Option<usize>,
    thread: Option<usize>,
    time: Option<usize>,
    cpu: Option<usize>,
    pub(crate) period: Option<usize>,
    /// Where the fields end.
    pub(crate) length: usize,
}

impl Places {
    pub(crate) fn number(self, place: Option<usize>, bytes: &[u8]) -> Option<u64> {
        u64_at(bytes, place?)
    }

    pub(crate) fn time(self, bytes: &[u8]) -> Option<u64> {
        self.number(self.time, bytes)
    }

    /// Process and thread; -1 where unknown.
    pub(crate) fn thread(self, bytes: &[u8]) -> (i32, i32) {
        let place = self.thread.unwrap_or(usize::MAX - 8);
        let number = |offset| i32_at(bytes, place + offset).unwrap_or(-1);
        (number(0), number(4))
    }

    /// CPU; -1 where unknown.
    pub(crate) fn cpu(self, bytes: &[u8]) -> i32 {
        self.cpu.and_then(|cpu| i32_at(bytes, cpu)).unwrap_or(-1)
    }
}
