//! The records that the kernel writes into the ring.
//!
//! A sample begins with the number of its event, which says which fields follow; every other record
//! ends with the same number behind thread, time and CPU. The records of our programs in the kernel have the same
//! header, and thread, time and CPU right behind it.

use std::collections::HashMap;

use crate::programs::{self, NAME};
use crate::sys;
use crate::waking::{Context, Waker};

/// The fields that all events write.
const COMMON: u64 = sys::SAMPLE_IDENTIFIER | sys::SAMPLE_TID | sys::SAMPLE_TIME | sys::SAMPLE_CPU;

/// Bytes of a record's header: kind, remarks, size.
pub(crate) const HEADER: usize = 8;
const PROT_EXEC: u32 = 4;
const MISC_COMM_EXEC: u16 = 1 << 13;
const MISC_SWITCH_OUT: u16 = 1 << 13;
const MISC_SWITCH_OUT_PREEMPTED: u16 = 1 << 14;

/// What an event records.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// CPU time went by; with registers and the top of the stack.
    Cpu,
    /// The same, with a larger copy of the stack.
    CpuWithStack,
    /// Another event happened, such as that a page was not there; with registers and the top of the stack.
    Event,
    /// A thread left the CPU to another: `sched_switch`.
    Switch,
    /// The same, with registers and a copy of the stack.
    SwitchWithStack,
    /// A thread may run again: `sched_wakeup`.
    Wakeup,
    /// No samples; carries the records of mappings, processes and switches.
    Side,
}

impl Kind {
    /// The fields of its samples.
    pub(crate) fn sample_type(self) -> u64 {
        let stack = match self.has_stack() {
            true => sys::SAMPLE_REGS_USER | sys::SAMPLE_STACK_USER,
            false => 0,
        };
        COMMON
            | stack
            | match self {
                Self::Cpu | Self::CpuWithStack | Self::Event => sys::SAMPLE_CALLCHAIN,
                Self::Switch | Self::SwitchWithStack => sys::SAMPLE_CALLCHAIN | sys::SAMPLE_RAW,
                Self::Wakeup => sys::SAMPLE_RAW,
                Self::Side => 0,
            }
    }

    /// Whether its samples end with registers and a copy of the stack: where the registers are known, and
    /// the event is not too frequent.
    pub(crate) fn has_stack(self) -> bool {
        let is_frequent = matches!(self, Self::Switch | Self::Wakeup | Self::Side);
        !is_frequent && unwind::Architecture::of_this_machine().is_some()
    }
}

/// Events by the numbers that their records carry.
pub(crate) type Kinds = HashMap<u64, Kind>;

/// Who did something, where and when.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Who {
    pub(crate) pid: i32,
    pub(crate) tid: i32,
    pub(crate) cpu: i32,
    /// CLOCK_MONOTONIC nanoseconds.
    pub(crate) t_ns: i64,
}

/// One record.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Record<'a> {
    Sample {
        kind: Kind,
        chain: ChainBytes<'a>,
        /// The tracepoint's fields; empty for other kinds.
        raw: &'a [u8],
        /// Registers and a copy of the stack; empty for other kinds.
        stack: &'a [u8],
    },
    /// A thread left its CPU, with what it waits for, a bit each; 0: it could run on.
    Left { state: i32, chain: ChainBytes<'a> },
    /// A thread is about to be woken by another one, or by an interrupt.
    Waking(Waker),
    /// A thread may run again.
    Woken,
    /// A thread came to a CPU that another one had until then, where that is told.
    SwitchIn(Option<Ran<'a>>),
    /// A thread left its CPU.
    SwitchOut { preempted: bool },
    /// Executable memory was mapped.
    Map {
        pid: i32,
        start: u64,
        length: u64,
        file_offset: u64,
        path: &'a [u8],
    },
    /// A thread came to be, or a process with its first thread.
    Fork {
        pid: i32,
        tid: i32,
        parent: i32,
        parent_tid: i32,
    },
    /// A thread ended.
    Exit { pid: i32, tid: i32 },
    /// A thread got a name; `exec`: because the process replaced its program.
    Name {
        pid: i32,
        tid: i32,
        name: &'a [u8],
        exec: bool,
    },
    /// Records did not fit.
    Lost { count: u64 },
    /// The kernel paused sampling, because it took too much time.
    Throttled,
    /// Nothing of interest.
    Other,
}

/// Who had a CPU.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Ran<'a> {
    /// Its process; 0: nobody.
    pub(crate) pid: i32,
    /// What the thread is called.
    pub(crate) name: &'a [u8],
}

/// A call chain as bytes of the ring.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct ChainBytes<'a>(&'a [u8]);

impl ChainBytes<'_> {
    pub(crate) fn read_into(self, addresses: &mut Vec<u64>) {
        let (words, _) = self.0.as_chunks::<8>();
        addresses.clear();
        addresses.extend(words.iter().map(|&word| u64::from_ne_bytes(word)));
    }
}

/// A record with what all records carry, and its bytes.
pub(crate) struct Timed<'a> {
    pub(crate) who: Who,
    pub(crate) record: Record<'a>,
    pub(crate) bytes: &'a [u8],
}

/// Walks over the records in bytes taken from rings; ends at the first that cannot be one.
pub(crate) struct Records<'a> {
    pub(crate) bytes: &'a [u8],
    pub(crate) kinds: &'a Kinds,
}

impl<'a> Iterator for Records<'a> {
    type Item = Timed<'a>;

    fn next(&mut self) -> Option<Timed<'a>> {
        let (kind, misc, bytes) = split_first(&mut self.bytes)?;
        let fields = Fields(&bytes[HEADER..]);
        let (who, record) = match kind {
            9 => sample(fields, self.kinds).unwrap_or((Who::default(), Record::Other)),
            programs::LEFT | programs::CAME | programs::WAKING | programs::WOKEN => {
                written(kind, fields).unwrap_or((Who::default(), Record::Other))
            }
            _ => {
                let record = parse(kind, misc, fields).unwrap_or(Record::Other);
                (trailing(bytes).unwrap_or_default(), record)
            }
        };
        Some(Timed { who, record, bytes })
    }
}

/// Takes the first record off `bytes`: its kind, its remarks, and all of it, at least its header; `None` where what
/// stands there cannot be a record.
pub(crate) fn split_first<'a>(bytes: &mut &'a [u8]) -> Option<(u32, u16, &'a [u8])> {
    let all = *bytes;
    let mut header = Fields(all);
    let (kind, misc, size) = (header.u32()?, header.u16()?, header.u16()?);
    let size = usize::from(size);
    let (record, rest) = all.split_at_checked(size).filter(|_| size >= HEADER)?;
    *bytes = rest;
    Some((kind, misc, record))
}

/// Records other than samples end with thread, time, CPU and event, eight bytes each.
fn trailing(bytes: &[u8]) -> Option<Who> {
    let start = bytes.len().checked_sub(32)?;
    who(&mut Fields(bytes.get(start..)?))
}

/// Process, thread, time and CPU, 24 bytes.
pub(crate) fn who(fields: &mut Fields<'_>) -> Option<Who> {
    let (pid, tid) = (fields.i32()?, fields.i32()?);
    let t_ns = fields.u64()?.cast_signed();
    let cpu = fields.i32()?;
    fields.skip(4)?;
    Some(Who {
        pid,
        tid,
        cpu,
        t_ns,
    })
}

fn parse(kind: u32, misc: u16, mut fields: Fields<'_>) -> Option<Record<'_>> {
    match kind {
        2 => Some(Record::Lost {
            count: fields.skip(8)?.u64()?,
        }),
        3 => Some(Record::Name {
            pid: fields.i32()?,
            tid: fields.i32()?,
            name: text(fields.0),
            exec: misc & MISC_COMM_EXEC != 0,
        }),
        4 => {
            let pid = fields.i32()?;
            let tid = fields.skip(4)?.i32()?;
            Some(Record::Exit { pid, tid })
        }
        5 => Some(Record::Throttled),
        7 => Some(Record::Fork {
            pid: fields.i32()?,
            parent: fields.i32()?,
            tid: fields.i32()?,
            parent_tid: fields.i32()?,
        }),
        10 => map(fields),
        13 => Some(Record::Lost {
            count: fields.u64()?,
        }),
        14 | 15 if misc & MISC_SWITCH_OUT == 0 => Some(Record::SwitchIn(None)),
        14 | 15 => Some(Record::SwitchOut {
            preempted: misc & MISC_SWITCH_OUT_PREEMPTED != 0,
        }),
        _ => None,
    }
}

/// What our programs write.
fn written(kind: u32, mut fields: Fields<'_>) -> Option<(Who, Record<'_>)> {
    let state = Fields(fields.0.get(20..)?).i32()?;
    let who = who(&mut fields)?;
    let record = match kind {
        programs::LEFT => Record::Left {
            state,
            chain: ChainBytes(fields.0),
        },
        programs::CAME => Record::SwitchIn(Some(Ran {
            pid: fields.i32()?,
            name: text(fields.skip(4)?.bytes(NAME)?),
        })),
        programs::WAKING => Record::Waking(Waker {
            tid: state,
            context: Context::of(
                [fields.i32()?, fields.i32()?, fields.i32()?, fields.i32()?],
                state,
            ),
        }),
        _ => Record::Woken,
    };
    Some((who, record))
}

fn sample<'a>(mut fields: Fields<'a>, kinds: &Kinds) -> Option<(Who, Record<'a>)> {
    let kind = *kinds.get(&fields.u64()?)?;
    let who = who(&mut fields)?;
    let mut chain = ChainBytes::default();
    if kind.sample_type() & sys::SAMPLE_CALLCHAIN != 0 {
        let words = usize::try_from(fields.u64()?).ok()?;
        chain = ChainBytes(fields.bytes(words.checked_mul(8)?)?);
    }
    let mut raw: &[u8] = &[];
    if kind.sample_type() & sys::SAMPLE_RAW != 0 {
        let length = usize::try_from(fields.u32()?).ok()?;
        raw = fields.bytes(length)?;
    }
    let stack = if kind.has_stack() { fields.0 } else { &[] };
    let record = Record::Sample {
        kind,
        chain,
        raw,
        stack,
    };
    Some((who, record))
}

fn map(mut fields: Fields<'_>) -> Option<Record<'_>> {
    let pid = fields.i32()?;
    let start = fields.skip(4)?.u64()?;
    let (length, file_offset) = (fields.u64()?, fields.u64()?);
    let protection = fields.skip(24)?.u32()?;
    let path = text(fields.skip(4)?.0);
    (protection & PROT_EXEC != 0).then_some(Record::Map {
        pid,
        start,
        length,
        file_offset,
        path,
    })
}

/// Text up to its zero.
fn text(bytes: &[u8]) -> &[u8] {
    bytes.split(|&byte| byte == 0).next().unwrap_or_default()
}

/// The whole number at an offset of a tracepoint's fields; `None` beyond their end.
pub(crate) fn raw_i32(raw: &[u8], offset: usize) -> Option<i32> {
    Fields(raw.get(offset..)?).i32()
}

/// The text at an offset of a tracepoint's fields, up to its zero, at most a thread's name; empty beyond their end.
pub(crate) fn raw_text(raw: &[u8], offset: usize) -> &[u8] {
    let rest = raw.get(offset..).unwrap_or_default();
    text(&rest[..rest.len().min(NAME)])
}

/// Reads numbers off the front of bytes.
pub(crate) struct Fields<'a>(pub(crate) &'a [u8]);

impl<'a> Fields<'a> {
    pub(crate) fn take<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (bytes, rest) = self.0.split_first_chunk::<N>()?;
        self.0 = rest;
        Some(*bytes)
    }

    fn bytes(&mut self, length: usize) -> Option<&'a [u8]> {
        let (bytes, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(bytes)
    }

    fn skip(&mut self, length: usize) -> Option<&mut Self> {
        self.0 = self.0.get(length..)?;
        Some(self)
    }

    fn u16(&mut self) -> Option<u16> {
        self.take().map(u16::from_ne_bytes)
    }

    fn u32(&mut self) -> Option<u32> {
        self.take().map(u32::from_ne_bytes)
    }

    pub(crate) fn i32(&mut self) -> Option<i32> {
        self.take().map(i32::from_ne_bytes)
    }

    fn u64(&mut self) -> Option<u64> {
        self.take().map(u64::from_ne_bytes)
    }
}

#[cfg(test)]
mod tests;
