//! Stacks of which a text gives the names of the frames.

use hashbrown::HashMap;

use crate::fold::FoldLimits;
use crate::frames::FrameRow;
use crate::locations::NO_MAPPING;
use crate::mappings::MappingRow;
use crate::tables::Profile;

/// Bytes of names kept; a real profile has a few MB.
const MOST_NAME_BYTES: usize = 128 << 20;
/// Longer names are cut.
const LONGEST_NAME: usize = 1 << 14;

/// A frame as a text names it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct NamedFrame<'a> {
    pub(crate) function: &'a str,
    /// Path of the binary; empty where unknown.
    pub(crate) module: &'a str,
    pub(crate) file: &'a str,
    pub(crate) line: i32,
    /// 0 where unknown.
    pub(crate) address: u64,
    /// Whether it was inlined into the next frame.
    pub(crate) inlined: bool,
    pub(crate) kernel: bool,
}

/// Makes rows of names.
pub(crate) struct NamedStacks {
    pub(crate) profile: Profile,
    limits: FoldLimits,
    locations: HashMap<(u32, u64, Box<[u32]>), u32>,
    name_bytes: usize,
    rows: Vec<u32>,
    frames: Vec<u32>,
    overflow: Option<u32>,
    /// Stacks that are summed in one, because they are too many.
    pub(crate) beyond: u64,
}

impl NamedStacks {
    pub(crate) fn new(limits: FoldLimits) -> Self {
        Self {
            profile: Profile::default(),
            limits,
            locations: HashMap::new(),
            name_bytes: 0,
            rows: Vec::new(),
            frames: Vec::new(),
            overflow: None,
            beyond: 0,
        }
    }

    /// The row of a stack, leaf first.
    pub(crate) fn stack<'a>(&mut self, frames: impl IntoIterator<Item = NamedFrame<'a>>) -> u32 {
        let mut rows = std::mem::take(&mut self.rows);
        rows.clear();
        for frame in frames {
            let inlined = frame.inlined;
            let row = self.frame(&frame);
            self.frames.push(row);
            if !inlined {
                rows.push(self.location(frame.module, frame.address, frame.kernel));
            }
        }
        if !self.frames.is_empty() {
            // The frame into which the last one was inlined is missing.
            rows.push(self.location("", 0, false));
        }
        let stacks = &mut self.profile.stacks;
        let room = stacks.len() < self.limits.stacks
            && stacks.total_locations() + rows.len() <= self.limits.stack_locations
            && self.name_bytes < MOST_NAME_BYTES;
        let stack = if room || stacks.contains(&rows) {
            stacks.intern(&rows, 0)
        } else {
            self.beyond += 1;
            self.overflow()
        };
        self.rows = rows;
        stack
    }

    fn frame(&mut self, frame: &NamedFrame<'_>) -> u32 {
        let row = FrameRow {
            function: self.intern(frame.function),
            file: self.intern(frame.file),
            module: self.intern(frame.module),
            line: frame.line,
            inlined: frame.inlined,
            kernel: frame.kernel,
            ..FrameRow::default()
        };
        self.profile.frames.intern(row)
    }

    fn intern(&mut self, name: &str) -> crate::StringId {
        let cut = (0..=LONGEST_NAME)
            .rev()
            .find(|&at| name.is_char_boundary(at));
        let name = name.get(..cut.unwrap_or(0)).unwrap_or(name);
        let before = self.profile.strings.len();
        let id = self.profile.strings.intern(name);
        if self.profile.strings.len() > before {
            self.name_bytes += name.len();
        }
        id
    }

    /// The location of the frames collected so far.
    fn location(&mut self, module: &str, address: u64, kernel: bool) -> u32 {
        let mapping = if module.is_empty() {
            NO_MAPPING
        } else {
            let path = self.intern(module);
            self.profile.mappings.intern(MappingRow {
                path,
                kernel,
                ..MappingRow::default()
            })
        };
        let key = (mapping, address, self.frames.as_slice().into());
        let profile = &mut self.profile;
        let frames = self.frames.drain(..);
        *self
            .locations
            .entry(key)
            .or_insert_with(|| profile.locations.push(mapping, address, frames))
    }

    fn overflow(&mut self) -> u32 {
        if let Some(stack) = self.overflow {
            return stack;
        }
        let name = NamedFrame {
            function: "[stacks beyond the limit]",
            ..NamedFrame::default()
        };
        let frame = self.frame(&name);
        self.frames.push(frame);
        let location = self.location("", 0, false);
        let stack = self.profile.stacks.intern(&[location], 0);
        self.overflow = Some(stack);
        stack
    }

    /// Adds values, one a sample type, to a stack.
    pub(crate) fn add(&mut self, stack: u32, values: &[i64]) {
        let stack = stack as usize;
        for (column, value) in self.profile.values.iter_mut().zip(values) {
            if column.len() <= stack {
                column.resize(stack + 1, 0);
            }
            column[stack] = column[stack].saturating_add(*value);
        }
    }

    /// Ends the collection.
    pub(crate) fn finish(mut self) -> Profile {
        let stacks = self.profile.stacks.len();
        for column in &mut self.profile.values {
            column.resize(stacks, 0);
        }
        if self.beyond > 0 {
            let note = format!(
                "{} samples had new stacks beyond the limit and are summed in one",
                self.beyond
            );
            self.profile.warnings.push(note);
        }
        self.profile
    }
}
