//! Time by stack, as a profile: where goroutines wait, and where they are seen running.

use hashbrown::HashMap;
use profile::{FrameRow, Label, NO_MAPPING, Profile, StringId};

use crate::names::{Names, StackId, TextId};
use crate::sink::{CpuSample, Interval, Sink, State};

/// What goroutines of the runtime itself are started for begins so; they wait most of the time.
const RUNTIME: &str = "runtime.";
/// It is started by the runtime, and runs the program.
const MAIN: &str = "runtime.main";

/// What is summed: stacks of one state and reason.
type Key = (State, TextId, StackId);

/// Sums the time that goroutines did not run, by stack, state and reason.
///
/// Assists are part of it: the goroutine runs then, but not for itself.
#[derive(Default)]
pub struct Delays {
    sums: HashMap<Key, Sum>,
}

#[derive(Clone, Copy, Default)]
struct Sum {
    ns: u64,
    count: u64,
}

impl Sink for Delays {
    fn interval(&mut self, interval: &Interval, _names: &Names) {
        if interval.state == State::Running {
            return;
        }
        let key = (interval.state, interval.reason, interval.stack);
        let sum = self.sums.entry(key).or_default();
        let ns = interval.end_ns.saturating_sub(interval.begin_ns);
        sum.ns = sum.ns.saturating_add(ns);
        sum.count += 1;
    }
}

impl Delays {
    /// The sums as a profile with the values of Go's own block profile: contentions, then nanoseconds of delay.
    ///
    /// Stacks are labelled with `state` (`waiting`, `runnable`, `syscall`, `assist`) and with `reason`: as the runtime
    /// names it, else the state. Waits of the runtime's own goroutines are left out.
    #[must_use]
    pub fn profile(self, names: &Names) -> Profile {
        let mut profile =
            Profile::with_sample_types(&[("contentions", "count"), ("delay", "nanoseconds")]);
        profile.default_sample_type = profile.strings.intern("delay");
        let mut frames = Frames::default();
        let mut sums: Vec<(Key, Sum)> = self.sums.into_iter().collect();
        // The order of a hash table is another one each time.
        sums.sort_by_key(|&(key, _)| key);
        for ((state, reason, stack), sum) in sums {
            if state == State::Waiting && is_of_runtime(names.text(names.root(stack))) {
                continue;
            }
            let reason = match names.text(reason) {
                "" => state.name(),
                told => told,
            };
            let labels = [
                label(&mut profile, "state", state.name()),
                label(&mut profile, "reason", reason),
            ];
            let labels = profile.labels.intern(&labels);
            let locations = frames.locations(stack, names, &mut profile);
            profile.add(&locations, labels, &[number(sum.count), number(sum.ns)]);
        }
        profile
    }
}

/// Counts samples of the CPU profiler by stack.
#[derive(Default)]
pub struct CpuSamples {
    counts: HashMap<StackId, u64>,
}

impl Sink for CpuSamples {
    fn cpu_sample(&mut self, sample: &CpuSample, _names: &Names) {
        *self.counts.entry(sample.stack).or_default() += 1;
    }
}

impl CpuSamples {
    /// The counts as a profile; none without samples.
    #[must_use]
    pub fn profile(self, names: &Names) -> Option<Profile> {
        if self.counts.is_empty() {
            return None;
        }
        let mut profile = Profile::with_sample_types(&[("samples", "count")]);
        let mut frames = Frames::default();
        let mut counts: Vec<(StackId, u64)> = self.counts.into_iter().collect();
        counts.sort_by_key(|&(stack, _)| stack);
        for (stack, count) in counts {
            let locations = frames.locations(stack, names, &mut profile);
            profile.add(&locations, 0, &[number(count)]);
        }
        Some(profile)
    }
}

/// Locations of frames: by row of the frame.
#[derive(Default)]
struct Frames {
    locations: HashMap<u32, u32>,
}

impl Frames {
    /// The locations of a stack, leaf first: one a frame, for the trace does not tell which of them are inlined.
    fn locations(&mut self, stack: StackId, names: &Names, profile: &mut Profile) -> Vec<u32> {
        let rows = names.rows(stack).iter();
        rows.filter_map(|&row| self.location(row, names, profile))
            .collect()
    }

    fn location(&mut self, row: u32, names: &Names, profile: &mut Profile) -> Option<u32> {
        if let Some(&location) = self.locations.get(&row) {
            return Some(location);
        }
        let frame = names.all_frames().get(row as usize)?;
        let frame_row = FrameRow {
            function: profile.strings.intern(names.text(frame.function)),
            file: profile.strings.intern(names.text(frame.file)),
            line: i32::try_from(frame.line).unwrap_or(i32::MAX),
            ..FrameRow::default()
        };
        let frame_row = profile.frames.intern(frame_row);
        let location = profile
            .locations
            .push(NO_MAPPING, frame.address, [frame_row]);
        self.locations.insert(row, location);
        Some(location)
    }
}

fn is_of_runtime(function: &str) -> bool {
    function.starts_with(RUNTIME) && function != MAIN
}

fn label(profile: &mut Profile, key: &str, text: &str) -> Label {
    Label {
        key: profile.strings.intern(key),
        text: profile.strings.intern(text),
        number: 0,
        unit: StringId::EMPTY,
    }
}

fn number(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}
