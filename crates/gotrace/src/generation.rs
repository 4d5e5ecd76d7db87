//! A generation: all batches of about a second, and what their events refer to.

use hashbrown::HashMap;
use serde::Serialize;

use crate::batches::Header;
use crate::dictionary::Dictionary;
use crate::events::{CLOCK_SNAPSHOT, CPU_SAMPLE, CPU_SAMPLES, FREQUENCY, STACKS, STRINGS, SYNC};
use crate::varint::varint;

/// From here on a sync batch has a byte in front, and holds a snapshot of the clocks.
const GO_1_25: u32 = 25;

/// Several clocks, read at almost the same time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct ClockSnapshot {
    /// The clock of the trace, ns.
    pub trace_ns: u64,
    /// The monotonic clock of the system, ns.
    pub monotonic_ns: u64,
    /// UTC, ns.
    pub wall_ns: u64,
}

/// A part of [`Generation::events`].
pub(crate) struct Piece {
    /// Units of the trace's clock.
    pub(crate) time: u64,
    pub(crate) begin: usize,
    pub(crate) end: usize,
}

/// The batches of a thread, in the order in which it wrote them.
pub(crate) struct Stream {
    pub(crate) thread: u64,
    pub(crate) pieces: Vec<Piece>,
}

/// A sample of the CPU profiler.
#[derive(Clone, Copy)]
pub(crate) struct RawSample {
    /// Units of the trace's clock; nanoseconds once the generation is whole.
    pub(crate) time: u64,
    pub(crate) thread: u64,
    pub(crate) proc: u64,
    pub(crate) goroutine: u64,
    pub(crate) stack: u64,
}

/// What was read of one generation.
#[derive(Default)]
pub(crate) struct Generation {
    pub(crate) number: u64,
    /// Whether all of it was read.
    pub(crate) is_whole: bool,
    pub(crate) begin_ns: u64,
    pub(crate) clock: Option<ClockSnapshot>,
    pub(crate) events: Vec<u8>,
    pub(crate) streams: Vec<Stream>,
    pub(crate) dictionary: Dictionary,
    pub(crate) samples: Vec<RawSample>,
    /// Nanoseconds per unit of the trace's clock.
    pub(crate) rate: f64,
    by_thread: HashMap<u64, usize>,
    /// Of all streams.
    pieces: usize,
    pub(crate) has_frequency: bool,
    /// Units of the trace's clock at which the earliest batch began; 0: none did.
    pub(crate) earliest: u64,
    snapshot: Option<[u64; 4]>,
}

impl Generation {
    pub(crate) fn clear(&mut self) {
        self.number = 0;
        self.is_whole = false;
        self.begin_ns = 0;
        self.clock = None;
        self.events.clear();
        self.streams.clear();
        self.dictionary.clear();
        self.samples.clear();
        self.by_thread.clear();
        self.pieces = 0;
        self.has_frequency = false;
        self.earliest = 0;
        self.snapshot = None;
    }

    /// Bytes held.
    pub(crate) fn size(&self) -> usize {
        let samples = self.samples.len() * size_of::<RawSample>();
        let streams = self.streams.len() * (size_of::<Stream>() + 2 * size_of::<u64>());
        let pieces = self.pieces * size_of::<Piece>();
        self.events.len() + self.dictionary.size() + samples + streams + pieces
    }

    /// Puts a batch, which begins at `begin` of the events, where it belongs; false if it is damaged.
    pub(crate) fn sort_in(&mut self, header: &Header, begin: usize, version: u32) -> bool {
        let batch = &self.events[begin..];
        let Some((&kind, rest)) = batch.split_first() else {
            return true;
        };
        let is_sound = match kind {
            STRINGS => self.dictionary.add_texts(rest),
            STACKS => self.dictionary.add_stacks(rest),
            CPU_SAMPLES => add_samples(&mut self.samples, rest),
            FREQUENCY if version < GO_1_25 => self.add_sync(begin, header.time),
            SYNC if version >= GO_1_25 => self.add_sync(begin + 1, header.time),
            _ => {
                self.add_piece(header, begin);
                return true;
            }
        };
        self.events.truncate(begin);
        is_sound
    }

    fn add_piece(&mut self, header: &Header, begin: usize) {
        let streams = &mut self.streams;
        let stream = *self.by_thread.entry(header.thread).or_insert_with(|| {
            streams.push(Stream {
                thread: header.thread,
                pieces: Vec::new(),
            });
            streams.len() - 1
        });
        self.pieces += 1;
        if let Some(stream) = self.streams.get_mut(stream) {
            stream.pieces.push(Piece {
                time: header.time,
                begin,
                end: self.events.len(),
            });
        }
    }

    /// Reads the clock's unit and a snapshot of it; false if they are damaged.
    fn add_sync(&mut self, begin: usize, time: u64) -> bool {
        let mut at = begin;
        while let Some(&kind) = self.events.get(at) {
            at += 1;
            let mut next = || varint(&self.events, &mut at);
            match kind {
                FREQUENCY => {
                    let Some(frequency) = next().filter(|&one| one > 0) else {
                        return false;
                    };
                    // Written as Go's reader computes it, to the last bit.
                    self.rate = 1.0 / (frequency as f64 / 1e9);
                    self.has_frequency = true;
                }
                CLOCK_SNAPSHOT => {
                    let (Some(after), Some(monotonic), Some(seconds), Some(ns)) =
                        (next(), next(), next(), next())
                    else {
                        return false;
                    };
                    let taken = time.saturating_add(after);
                    self.snapshot = Some([taken, monotonic, seconds, ns]);
                }
                _ => return false,
            }
        }
        true
    }

    /// Makes it ready to be played, with `rate` nanoseconds per unit of the clock.
    pub(crate) fn seal(&mut self, rate: f64, version: u32) {
        self.rate = rate;
        self.dictionary.seal();
        self.begin_ns = nanoseconds(self.earliest, rate);
        // Texts are written last: without any, the end is missing.
        let needs_sync = version >= GO_1_25 && self.snapshot.is_none() || !self.has_frequency;
        if needs_sync || self.dictionary.is_empty() && !self.streams.is_empty() {
            self.is_whole = false;
        }
        self.clock = self
            .snapshot
            .map(|[taken, monotonic_ns, seconds, ns]| ClockSnapshot {
                trace_ns: nanoseconds(taken, rate),
                monotonic_ns,
                wall_ns: seconds.saturating_mul(1_000_000_000).saturating_add(ns),
            });
        for sample in &mut self.samples {
            sample.time = nanoseconds(sample.time, rate);
        }
        self.samples.sort_by_key(|sample| sample.time);
    }
}

/// Converts units of the trace's clock; what is later than a signed number holds is the latest that it does.
#[inline]
pub(crate) fn nanoseconds(units: u64, rate: f64) -> u64 {
    // A conversion of signed numbers is one instruction, of unsigned ones several, and every event needs two.
    let units = i64::try_from(units).unwrap_or(i64::MAX);
    let ns = (units as f64 * rate) as i64;
    ns.cast_unsigned()
}

fn add_samples(samples: &mut Vec<RawSample>, batch: &[u8]) -> bool {
    let mut at = 0;
    while let Some(&kind) = batch.get(at) {
        at += 1;
        let mut next = || varint(batch, &mut at);
        let (CPU_SAMPLE, Some(time), Some(thread), Some(proc), Some(goroutine), Some(stack)) =
            (kind, next(), next(), next(), next(), next())
        else {
            return false;
        };
        samples.push(RawSample {
            time,
            thread,
            proc,
            goroutine,
            stack,
        });
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_those_of_gos_reader() {
        let rate = 1.0 / (15_625_000.0 / 1e9);
        assert_eq!(nanoseconds(3, rate), 192);
        assert_eq!(nanoseconds(u64::MAX, rate), i64::MAX as u64);
    }
}
