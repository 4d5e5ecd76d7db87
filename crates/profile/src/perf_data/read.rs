//! Reads a file from its beginning to its end.

use std::io::{Read, Seek};

use super::collect::{Collector, SAMPLE};
use super::error::PerfDataError;
use super::events::{Event, Events, UNKNOWN};
use super::fields::Fields;
use super::header::{FEATURE_TRACING_DATA, Records, read_header};
use super::rounds::{Pass, Rounds};
use super::unpack::Unpacker;
use super::window::Window;
use crate::fold::FoldLimits;
use crate::tables::Profile;
use crate::unwind::{AsRecorded, Unwind};

const HEADER_ATTR: u32 = 64;
const HEADER_TRACING_DATA: u32 = 66;
const HEADER_BUILD_ID: u32 = 67;
const FINISHED_ROUND: u32 = 68;
const AUXTRACE: u32 = 71;
const EVENT_UPDATE: u32 = 78;
const HEADER_FEATURE: u32 = 80;
const COMPRESSED: u32 = 81;
const COMPRESSED2: u32 = 83;
/// Kinds from here on are written by perf, not by the kernel.
const FIRST_OF_PERF: u32 = 64;
/// Tracing data is at most a few MB long; a file may claim anything.
const MOST_TRACING_DATA: u32 = 64 << 20;
/// Bytes between two reports of progress.
const STEP: u64 = 4 << 20;

impl Profile {
    /// Reads perf.data; addresses have no names yet.
    ///
    /// `progress` is told the bytes read so far, and stops the reading by returning `false`. A file that
    /// ends early or is damaged on the way gives what was read until there, with a warning.
    ///
    /// # Errors
    /// If it is no perf.data file or what describes its events is damaged, with the byte; if the source
    /// fails; if `progress` says so.
    pub fn from_perf_data<R: Read + Seek>(
        source: R,
        limits: FoldLimits,
        progress: &mut dyn FnMut(u64) -> bool,
    ) -> Result<Self, PerfDataError> {
        Self::from_perf_data_with(source, limits, &mut AsRecorded, progress)
    }

    /// The same; `callers` completes the chains of samples that carry a copy of their stack.
    ///
    /// # Errors
    /// As [`Profile::from_perf_data`].
    pub fn from_perf_data_with<R: Read + Seek>(
        mut source: R,
        limits: FoldLimits,
        callers: &mut dyn Unwind,
        progress: &mut dyn FnMut(u64) -> bool,
    ) -> Result<Self, PerfDataError> {
        let mut events = Events::default();
        let records = read_header(&mut source, &mut events)?;
        let mut reader = Reader {
            window: Window::new(source, records.begin),
            state: State {
                events,
                rounds: Rounds::default(),
                collector: Collector::new(limits, callers),
            },
            unpacker: Unpacker::default(),
            records,
            damage: None,
        };
        reader.run(progress)?;
        Ok(reader.finish())
    }
}

struct Reader<'a, R> {
    window: Window<R>,
    state: State<'a>,
    unpacker: Unpacker,
    records: Records,
    damage: Option<String>,
}

/// What the records change.
struct State<'a> {
    events: Events,
    rounds: Rounds,
    collector: Collector<'a>,
}

impl<R: Read> Reader<'_, R> {
    fn run(&mut self, progress: &mut dyn FnMut(u64) -> bool) -> Result<(), PerfDataError> {
        let mut reported = 0;
        while self.damage.is_none() && self.next()? {
            let offset = self.window.offset();
            if offset >= reported + STEP {
                reported = offset;
                if !progress(offset) {
                    return Err(PerfDataError::Stopped);
                }
            }
        }
        Ok(())
    }

    /// Takes in the next record; `false` at the end.
    fn next(&mut self) -> Result<bool, PerfDataError> {
        let offset = self.window.offset();
        if self.records.end.is_some_and(|end| offset >= end) {
            return Ok(false);
        }
        let mut header = Fields(self.window.peek(8)?);
        if header.0.is_empty() {
            if let Some(end) = self.records.end {
                self.damage = Some(format!(
                    "the file ends at byte {offset}, {} bytes early",
                    end - offset
                ));
            }
            return Ok(false);
        }
        let (Some(kind), Some(_), Some(size)) = (header.u32(), header.u16(), header.u16()) else {
            return Ok(self.ends_within(offset));
        };
        let size = usize::from(size);
        if size < 8 {
            self.damage = Some(format!(
                "byte {offset}: a record of {size} bytes, less than its header"
            ));
            return Ok(false);
        }
        let record = self.window.peek(size)?;
        if record.len() < size {
            return Ok(self.ends_within(offset));
        }
        if kind < FIRST_OF_PERF {
            self.state.record(kind, record);
        } else {
            let body = Fields(&record[8..]);
            let taken = match kind {
                COMPRESSED | COMPRESSED2 => unpack(&mut self.unpacker, &mut self.state, kind, body),
                _ => self.state.perf_record(kind, record, body),
            };
            if let Err(what) = taken {
                self.damage = Some(format!("byte {offset}: {what}"));
            }
        }
        let behind = data_behind(kind, &record[8..]);
        self.window.skip(size);
        self.behind(kind, behind)?;
        Ok(true)
    }

    fn ends_within(&mut self, offset: u64) -> bool {
        self.damage = Some(format!(
            "the file ends in the middle of the record at byte {offset}"
        ));
        false
    }

    /// Some records announce data that follows them in the stream.
    fn behind(&mut self, kind: u32, length: u64) -> Result<(), PerfDataError> {
        if kind == HEADER_TRACING_DATA && length <= u64::from(MOST_TRACING_DATA) {
            let mut bytes = Vec::new();
            while (bytes.len() as u64) < length {
                let piece = self
                    .window
                    .peek((length - bytes.len() as u64).min(1 << 16) as usize)?;
                if piece.is_empty() {
                    break;
                }
                bytes.extend_from_slice(piece);
                let seen = piece.len();
                self.window.skip(seen);
            }
            self.state.events.feature(FEATURE_TRACING_DATA, &bytes);
            return Ok(());
        }
        Ok(self.window.skip_unseen(length)?)
    }

    fn finish(mut self) -> Profile {
        self.state.pass(Rounds::finish);
        let samples = self.state.collector.samples;
        let mut profile = self.state.collector.finish(&self.state.events);
        if let Some(damage) = self.damage {
            let note = format!(
                "{damage}: the {samples} samples before it were read, whatever follows was not"
            );
            profile.warnings.insert(0, note);
        }
        profile
    }
}

/// Bytes of data behind a record.
fn data_behind(kind: u32, body: &[u8]) -> u64 {
    let mut fields = Fields(body);
    match kind {
        HEADER_TRACING_DATA => fields
            .u32()
            .map_or(0, |length| u64::from(length).next_multiple_of(8)),
        AUXTRACE => fields.u64().unwrap_or(0),
        _ => 0,
    }
}

fn unpack(
    unpacker: &mut Unpacker,
    state: &mut State<'_>,
    kind: u32,
    mut body: Fields<'_>,
) -> Result<(), &'static str> {
    if kind == COMPRESSED2 {
        let length = body.u64().and_then(|length| body.bytes(length));
        body = Fields(length.ok_or("a packed record is shorter than it says")?);
    }
    unpacker.unpack(body.0, &mut |record| {
        let mut fields = Fields(record);
        let kind = fields.u32().unwrap_or(0);
        if kind < FIRST_OF_PERF {
            state.record(kind, record);
        } else {
            // Within a packed record only marks of rounds are of interest.
            let _ = state.perf_record(kind, record, Fields(&record[8..]));
        }
    })
}

impl State<'_> {
    /// Takes in a record of the kernel: at once if it has no time, else when its turn comes.
    fn record(&mut self, kind: u32, record: &[u8]) {
        let found = self.events.find(kind == SAMPLE, &record[8..]);
        let (event, time) = found.unwrap_or((UNKNOWN, 0));
        if time == 0 || time == u64::MAX {
            self.collector.record(&mut self.events, 0, event, record);
        } else if self.rounds.add(time, event, record) {
            self.pass(Rounds::pass_older_half);
        }
    }

    /// Lets the collector take what the rounds pass on.
    fn pass(&mut self, how: impl FnOnce(&mut Rounds, &mut Pass<'_>)) {
        let Self {
            events,
            rounds,
            collector,
        } = self;
        how(rounds, &mut |time, event, record| {
            collector.record(events, time, event, record);
        });
    }

    fn perf_record(
        &mut self,
        kind: u32,
        record: &[u8],
        mut body: Fields<'_>,
    ) -> Result<(), &'static str> {
        match kind {
            FINISHED_ROUND => self.pass(Rounds::finish_round),
            HEADER_ATTR => self
                .attributes(body)
                .ok_or("a damaged description of an event")?,
            HEADER_FEATURE => {
                let feature = body.u64().ok_or("a damaged feature")?;
                self.events.feature(feature, body.0);
            }
            HEADER_BUILD_ID => self.events.build_id(record).ok_or("a damaged build ID")?,
            EVENT_UPDATE => self.events.update(body).unwrap_or(()),
            _ => {}
        }
        Ok(())
    }

    /// The attributes are as long as they say; the event's numbers follow.
    fn attributes(&mut self, body: Fields<'_>) -> Option<()> {
        let mut fields = body;
        let length = fields.skip(4)?.u32()?;
        let mut fields = body;
        let attributes = fields.bytes(u64::from(length))?;
        self.events.add(Event::parse(attributes, fields.0)?);
        Some(())
    }
}
