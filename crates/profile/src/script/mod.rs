//! The text of `perf script`, in its usual layouts, sample by sample in bounded memory.
//!
//! ```text
//! comm  pid/tid [cpu] time:  period event:
//!         address symbol+0xoffset (binary)
//!         address symbol (inlined)
//! ```
//!
//! Each event becomes a column of its periods; a clock has the columns `samples` and `cpu` as in
//! perf.data. Chains repeat: one whose text was seen before is not taken apart again.

mod event;
mod frame;

use std::io::{self, Read};

use hashbrown::HashMap;

use self::event::EventLine;
use self::frame::FrameLine;
use crate::fold::FoldLimits;
use crate::lines::Lines;
use crate::named::{NamedFrame, NamedStacks};
use crate::samples::SampleRow;
use crate::tables::Profile;
use crate::threads::ThreadRow;

/// Bytes of the chains remembered; when they are more, all are forgotten.
const MOST_CHAIN_BYTES: usize = 64 << 20;
/// Longer chains lose their outermost frames; the kernel's own limit is 127 frames by default.
const LONGEST_CHAIN: usize = 1 << 20;
const MOST_EVENTS: usize = 1_000;
const MOST_THREADS: usize = 200_000;

impl Profile {
    /// Reads the text of `perf script`. What is no sample is counted in a warning; text without any
    /// sample gives an empty profile.
    ///
    /// # Errors
    /// If the source fails.
    pub fn from_perf_script(source: impl Read, limits: FoldLimits) -> io::Result<Self> {
        let mut lines = Lines::new(source);
        let mut script = Script::new(limits);
        while let Some(line) = lines.next()? {
            script.line(line);
        }
        script.end_sample();
        Ok(script.finish())
    }
}

/// Whether the lines of a text begin a sample: an event, then a frame of its chain, or an event alone
/// with its time.
pub(crate) fn is_begin(lines: &[&str]) -> bool {
    let is_chain = |line: &str| line.starts_with([' ', '\t']) && frame::parse(line).is_some();
    let begins = |(at, line): (usize, &&str)| {
        let found = event::parse(line).filter(|found| !found.event.is_empty());
        let next = lines.get(at + 1);
        !line.starts_with([' ', '\t'])
            && found.is_some_and(|found| found.t_ns > 0 || next.is_some_and(|next| is_chain(next)))
    };
    lines.iter().enumerate().any(begins)
}

struct Script {
    stacks: NamedStacks,
    limits: FoldLimits,
    /// The line that began the present sample, and the lines of its chain.
    event: Vec<u8>,
    chain: Vec<u8>,
    chains: HashMap<Box<[u8]>, u32>,
    chain_bytes: usize,
    /// Columns by event: of its samples, where it is a clock, and of its periods.
    columns: HashMap<String, (Option<usize>, usize)>,
    threads: HashMap<i32, (i32, String)>,
    values: Vec<i64>,
    beyond_samples: u64,
    strange: u64,
}

impl Script {
    fn new(limits: FoldLimits) -> Self {
        Self {
            stacks: NamedStacks::new(limits),
            limits,
            event: Vec::new(),
            chain: Vec::new(),
            chains: HashMap::new(),
            chain_bytes: 0,
            columns: HashMap::new(),
            threads: HashMap::new(),
            values: Vec::new(),
            beyond_samples: 0,
            strange: 0,
        }
    }

    fn line(&mut self, line: &[u8]) {
        match line.first() {
            None => self.end_sample(),
            Some(b'#') => {}
            Some(b' ' | b'\t') if !self.event.is_empty() => {
                if self.chain.len() + line.len() < LONGEST_CHAIN {
                    self.chain.extend_from_slice(line);
                    self.chain.push(b'\n');
                }
            }
            Some(_) => {
                self.end_sample();
                self.event.extend_from_slice(line);
            }
        }
    }

    fn end_sample(&mut self) {
        if self.event.is_empty() {
            return;
        }
        let line = std::mem::take(&mut self.event);
        let text = String::from_utf8_lossy(&line);
        match event::parse(&text) {
            Some(event) => self.sample(&event),
            None => self.strange += 1,
        }
        self.event = line;
        self.event.clear();
        self.chain.clear();
    }

    fn sample(&mut self, event: &EventLine<'_>) {
        let is_tracepoint = event.event.contains(':');
        if self.chain.is_empty() && !is_tracepoint {
            self.chain.extend_from_slice(event.rest.as_bytes());
        }
        let stack = self.stack();
        let Some((once, period)) = self.columns_of(event.event) else {
            self.strange += 1;
            return;
        };
        self.values.clear();
        self.values
            .resize(self.stacks.profile.sample_types.len(), 0);
        self.values[period] = event.period;
        if let Some(once) = once {
            self.values[once] = 1;
        }
        self.stacks.add(stack, &self.values);
        if self.stacks.profile.samples.len() < self.limits.samples {
            let row = SampleRow {
                t_ns: event.t_ns,
                tid: event.tid,
                cpu: event.cpu,
                stack,
            };
            self.stacks.profile.samples.push_counting(row, &self.values);
        } else {
            self.beyond_samples += 1;
        }
        if !self.threads.contains_key(&event.tid) && self.threads.len() < MOST_THREADS {
            self.threads
                .insert(event.tid, (event.pid, event.comm.to_owned()));
        }
    }

    fn stack(&mut self) -> u32 {
        if let Some(&stack) = self.chains.get(self.chain.as_slice()) {
            return stack;
        }
        let text = String::from_utf8_lossy(&self.chain).into_owned();
        let mut frames: Vec<NamedFrame<'_>> = Vec::new();
        for line in text.lines() {
            match frame::parse(line) {
                Some(FrameLine::Frame(frame)) => frames.push(frame),
                Some(FrameLine::Source { file, line }) => {
                    if let Some(last) = frames.last_mut() {
                        (last.file, last.line) = (file, line);
                    }
                }
                None => self.strange += 1,
            }
        }
        let names: Vec<String> = frames.iter().map(name).collect();
        let named = frames.iter().zip(&names).map(|(frame, name)| NamedFrame {
            function: name,
            ..*frame
        });
        let stack = self.stacks.stack(named);
        if self.chain_bytes + self.chain.len() > MOST_CHAIN_BYTES {
            self.chains.clear();
            self.chain_bytes = 0;
        }
        self.chain_bytes += self.chain.len();
        self.chains.insert(self.chain.as_slice().into(), stack);
        stack
    }

    fn columns_of(&mut self, event: &str) -> Option<(Option<usize>, usize)> {
        if let Some(&columns) = self.columns.get(event) {
            return Some(columns);
        }
        if self.columns.len() >= MOST_EVENTS {
            return None;
        }
        let is_clock = matches!(event, "cpu-clock" | "task-clock");
        let columns = if is_clock {
            (
                Some(self.stacks.profile.column("samples", "count")),
                self.stacks.profile.column("cpu", "nanoseconds"),
            )
        } else {
            (
                None,
                self.stacks
                    .profile
                    .column(if event.is_empty() { "samples" } else { event }, "count"),
            )
        };
        self.columns.insert(event.to_owned(), columns);
        Some(columns)
    }

    fn finish(self) -> Profile {
        let mut profile = self.stacks.finish();
        let notes = [
            (
                self.strange,
                "lines are none that perf script writes, and were passed over",
            ),
            (
                self.beyond_samples,
                "samples are counted in their stacks but not kept one by one",
            ),
        ];
        for (count, note) in notes.iter().filter(|(count, _)| *count > 0) {
            profile.warnings.push(format!("{count} {note}"));
        }
        let mut threads: Vec<_> = self.threads.into_iter().collect();
        threads.sort_unstable();
        for (tid, (pid, name)) in threads {
            let name = profile.strings.intern(&name);
            profile.threads.push(ThreadRow { tid, pid, name });
        }
        profile.samples.sort_by_time();
        let times = &profile.samples.t_ns;
        if let (Some(first), Some(last)) = (times.first(), times.last()) {
            profile.duration_ns = last.saturating_sub(*first);
        }
        profile
    }
}

/// The name of a frame; where there is none, the place in its binary.
fn name(frame: &NamedFrame<'_>) -> String {
    match frame.function {
        "" | "[unknown]" if frame.module.is_empty() => "[unknown]".to_owned(),
        "" | "[unknown]" => {
            let file = frame.module.rsplit('/').next().unwrap_or(frame.module);
            format!("[{}]+{:#x}", file.trim_matches(['[', ']']), frame.address)
        }
        name => name.to_owned(),
    }
}
