//! Writes traces by hand, and keeps what a trace tells.

#![allow(dead_code, missing_docs, unreachable_pub)]

use gotrace::{Ended, Interval, Level, Limits, Names, Outcome, Sink, Span, TraceError};

pub fn varint(mut number: u64) -> Vec<u8> {
    let mut bytes = Vec::new();
    while number >= 0x80 {
        bytes.push(number as u8 | 0x80);
        number >>= 7;
    }
    bytes.push(number as u8);
    bytes
}

/// An event: its kind, its time after the one before, what else it has.
pub fn event(kind: u8, numbers: &[u64]) -> Vec<u8> {
    let mut bytes = vec![kind];
    for &number in numbers {
        bytes.extend(varint(number));
    }
    bytes
}

/// A trace of which a unit of time is one nanosecond.
pub struct Trace {
    version: u32,
    pub bytes: Vec<u8>,
}

impl Trace {
    pub fn new(version: u32) -> Self {
        let bytes = format!("go 1.{version} trace\0\0\0").into_bytes();
        Self { version, bytes }
    }

    pub fn raw(mut self, bytes: &[u8]) -> Self {
        self.bytes.extend_from_slice(bytes);
        self
    }

    /// A batch of a thread.
    pub fn batch(self, generation: u64, thread: u64, time: u64, events: &[Vec<u8>]) -> Self {
        let body = events.concat();
        let mut head = vec![1];
        for number in [generation, thread, time, body.len() as u64] {
            head.extend(varint(number));
        }
        self.raw(&head).raw(&body)
    }

    /// Clock and texts: 1 "main.main", 2 "main.go", 3 "chan receive", 4 "GC mark termination"; stack 1 in both.
    pub fn tables(self, generation: u64) -> Self {
        let mut texts = vec![4];
        let known = [
            "main.main",
            "main.go",
            "chan receive",
            "GC mark termination",
        ];
        for (number, text) in (1..).zip(known) {
            texts.extend([5, number, text.len() as u8]);
            texts.extend(text.as_bytes());
        }
        let stacks = event(3, &[1, 1, 0x4000, 1, 2, 12]);
        let mut sync = if self.version >= 25 { vec![50] } else { vec![] };
        sync.extend(event(8, &[1_000_000_000]));
        if self.version >= 25 {
            sync.extend(event(51, &[0, 5_000, 1_700_000_000, 7]));
        }
        self.batch(generation, u64::MAX, 100, &[sync])
            .batch(generation, u64::MAX, 900, &[vec![2], stacks])
            .batch(generation, u64::MAX, 900, &[texts])
    }

    pub fn end(self) -> Self {
        let is_told = self.version >= 26;
        self.raw(if is_told { &[52] } else { &[] })
    }
}

/// Keeps all that it is told, as text.
#[derive(Default)]
pub struct Kept {
    pub intervals: Vec<Interval>,
    pub ended: Vec<Ended>,
    pub spans: Vec<Span>,
    pub levels: Vec<(u64, Level, u64)>,
    /// Names of the ended, in their order.
    pub names: Vec<String>,
}

impl Sink for Kept {
    fn interval(&mut self, interval: &Interval, _names: &Names) {
        self.intervals.push(*interval);
    }

    fn ended(&mut self, ended: &Ended, names: &Names) {
        self.names.push(names.text(ended.name).to_owned());
        self.ended.push(*ended);
    }

    fn span(&mut self, span: &Span, _names: &Names) {
        self.spans.push(*span);
    }

    fn level(&mut self, t_ns: u64, level: Level, value: u64) {
        self.levels.push((t_ns, level, value));
    }
}

pub fn read(bytes: &[u8]) -> Result<(Outcome, Kept), TraceError> {
    let mut kept = Kept::default();
    let outcome = gotrace::read(bytes, &Limits::default(), &mut kept)?;
    Ok((outcome, kept))
}
