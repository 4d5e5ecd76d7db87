//! The profile: all tables together, with what their values mean.

use crate::frames::{FrameRow, FrameTable};
use crate::labels::LabelSets;
use crate::locations::LocationTable;
use crate::mappings::MappingTable;
use crate::recorded_kernel::RecordedKernel;
use crate::samples::SampleTable;
use crate::stacks::StackTable;
use crate::strings::{StringId, StringTable};
use crate::threads::ThreadRow;

/// What one value column counts, for example `("cpu", "nanoseconds")`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct SampleType {
    /// Name of the quantity.
    pub kind: StringId,
    /// Its unit, as pprof writes it.
    pub unit: StringId,
}

/// A frame found by a symboliser, before its texts are interned.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ResolvedFrame {
    /// Name as people read it.
    pub function: String,
    /// Name as the linker knows it; empty: the same.
    pub system_name: String,
    /// Source file; empty where unknown.
    pub file: String,
    /// Line being executed; 0 where unknown.
    pub line: u32,
    /// Line on which the function begins; 0 where unknown.
    pub start_line: u32,
}

/// Stacks with values, and the samples behind them where the source has them.
#[derive(Clone, Default)]
pub struct Profile {
    /// All texts.
    pub strings: StringTable,
    /// Binaries.
    pub mappings: MappingTable,
    /// Named calls.
    pub frames: FrameTable,
    /// Addresses.
    pub locations: LocationTable,
    /// Labels of stacks.
    pub labels: LabelSets,
    /// Unique stacks.
    pub stacks: StackTable,
    /// What each value column means.
    pub sample_types: Vec<SampleType>,
    /// One column a sample type, one value a stack.
    pub values: Vec<Vec<i64>>,
    /// Single samples, in the order of time.
    pub samples: SampleTable,
    /// Threads that the samples name, as far as they are known.
    pub threads: Vec<ThreadRow>,
    /// What `period` counts.
    pub period_type: SampleType,
    /// Distance between samples, in units of `period_type`; 0 where unknown.
    pub period: i64,
    /// UTC nanoseconds of the beginning; 0 where unknown.
    pub time_ns: i64,
    /// Length; 0 where unknown.
    pub duration_ns: i64,
    /// Samples that the kernel had no room for.
    pub lost: u64,
    /// Free text that came with the profile.
    pub comments: Vec<StringId>,
    /// Name of the sample type to look at first; empty: the last.
    pub default_sample_type: StringId,
    /// Regular expression of frames that viewers should drop.
    pub drop_frames: StringId,
    /// Regular expression of frames that viewers should keep nevertheless.
    pub keep_frames: StringId,
    /// Page that documents the profile.
    pub doc_url: StringId,
    /// The kernel that was sampled, where it is not known to be the running one.
    pub recorded_kernel: Option<RecordedKernel>,
    /// What the reader must know before believing the numbers.
    pub warnings: Vec<String>,
}

impl Profile {
    /// Returns an empty profile whose stacks carry these values.
    #[must_use]
    pub fn with_sample_types(types: &[(&str, &str)]) -> Self {
        let mut profile = Self::default();
        for &(kind, unit) in types {
            let sample_type = profile.sample_type(kind, unit);
            profile.add_column(sample_type);
        }
        profile
    }

    /// Returns the sample type of this name and unit.
    pub fn sample_type(&mut self, kind: &str, unit: &str) -> SampleType {
        SampleType {
            kind: self.strings.intern(kind),
            unit: self.strings.intern(unit),
        }
    }

    /// Adds a column of values and returns its number.
    pub(crate) fn add_column(&mut self, sample_type: SampleType) -> usize {
        self.sample_types.push(sample_type);
        self.values.push(Vec::new());
        self.sample_types.len() - 1
    }

    /// The column of this name and unit, added if it is new.
    pub(crate) fn column(&mut self, kind: &str, unit: &str) -> usize {
        let wanted = self.sample_type(kind, unit);
        let known = self.sample_types.iter().position(|&found| found == wanted);
        known.unwrap_or_else(|| self.add_column(wanted))
    }

    /// Adds values, one a sample type, to a stack and returns its row.
    pub fn add(&mut self, locations: &[u32], labels: u32, values: &[i64]) -> u32 {
        let stack = self.stacks.intern(locations, labels);
        for (column, value) in self.values.iter_mut().zip(values) {
            column.resize(self.stacks.len(), 0);
            let sum = &mut column[stack as usize];
            *sum = sum.saturating_add(*value);
        }
        stack
    }

    /// Sum of a value column; 0 for a column that does not exist.
    #[must_use]
    pub fn total(&self, column: usize) -> i64 {
        let values = self.values.get(column).map_or(&[][..], |values| values);
        values
            .iter()
            .fold(0, |sum, value| sum.saturating_add(*value))
    }

    /// Frames of a stack, leaf first, inlined calls expanded.
    pub fn stack_frames(&self, stack: u32) -> impl DoubleEndedIterator<Item = u32> {
        self.stacks
            .locations(stack)
            .iter()
            .flat_map(|&location| self.locations.frames(location).iter().copied())
    }

    /// The value of a stack's label, a number with its unit; none where the stack does not have it.
    #[must_use]
    pub fn stack_label(&self, stack: u32, key: &str) -> Option<String> {
        let labels = self.labels.get(self.stacks.labels(stack));
        let found = labels
            .iter()
            .find(|label| self.strings.text(label.key) == key);
        found.map(|label| match self.strings.text(label.text) {
            "" => format!("{}{}", label.number, self.strings.text(label.unit)),
            text => text.to_owned(),
        })
    }

    /// Number of frames of each stack, and the frames of all stacks one after the other, leaf first.
    #[must_use]
    pub fn stack_columns(&self) -> (Vec<u32>, Vec<u32>) {
        let mut lengths = Vec::with_capacity(self.stacks.len());
        let mut frames = Vec::new();
        for stack in 0..self.stacks.len() as u32 {
            let before = frames.len();
            frames.extend(self.stack_frames(stack));
            lengths.push((frames.len() - before) as u32);
        }
        (lengths, frames)
    }

    /// Gives every location its frames: one list a location in row order, innermost call first.
    pub fn set_frames(&mut self, resolved: Vec<Vec<ResolvedFrame>>) {
        let mut lists = Vec::with_capacity(resolved.len());
        for (row, frames) in resolved.into_iter().enumerate() {
            lists.push(self.intern_frames(row, &frames));
        }
        self.locations.set_frames(lists);
    }

    fn intern_frames(&mut self, location: usize, resolved: &[ResolvedFrame]) -> Vec<u32> {
        let mapping = self.locations.mappings().get(location);
        let mapping = mapping.and_then(|&mapping| self.mappings.get(mapping));
        let (module, kernel) =
            mapping.map_or((StringId::EMPTY, false), |row| (row.path, row.kernel));
        let mut rows = Vec::with_capacity(resolved.len());
        for (depth, frame) in resolved.iter().enumerate() {
            let row = FrameRow {
                function: self.strings.intern(&frame.function),
                system_name: self.strings.intern(&frame.system_name),
                file: self.strings.intern(&frame.file),
                module,
                line: clamped(frame.line),
                start_line: clamped(frame.start_line),
                inlined: depth + 1 < resolved.len(),
                kernel,
            };
            rows.push(self.frames.intern(row));
        }
        rows
    }
}

fn clamped(line: u32) -> i32 {
    i32::try_from(line).unwrap_or(i32::MAX)
}
