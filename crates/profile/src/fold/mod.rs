//! Folds raw samples into a profile while they arrive: memory follows the number of different
//! stacks, not the number of samples.

mod chains;
mod processes;

use std::collections::BTreeMap;

use self::chains::{Chains, Known};
use self::processes::Processes;
use crate::address_space::Region;
use crate::context::{CONTEXT_KERNEL, CONTEXT_USER, CONTEXTS, TRUNCATED};
use crate::locations::NO_MAPPING;
use crate::mappings::MappingRow;
use crate::repeats::without_repeats;
use crate::samples::SampleRow;
use crate::tables::Profile;

/// Columns of values for which [`FoldLimits::samples`] is meant.
const MEAN_COLUMNS: usize = 8;
/// Different addresses kept; real programs have some hundred thousand.
const MOST_LOCATIONS: usize = 8_000_000;
/// Path of the mapping that stands for the kernel.
const KERNEL: &str = "[kernel]";

/// Bounds on the memory of a [`Folder`].
#[derive(Clone, Copy, Debug)]
pub struct FoldLimits {
    /// Single samples kept; later ones still count in the values of their stacks.
    pub samples: usize,
    /// Different stacks kept; later new ones are summed in one stack that says so.
    pub stacks: usize,
    /// Sum of the lengths of the different stacks.
    pub stack_locations: usize,
    /// Processes whose mappings are kept.
    pub processes: usize,
    /// Different mappings kept.
    pub mappings: usize,
    /// Bytes of the paths of mappings kept.
    pub path_bytes: usize,
}

impl Default for FoldLimits {
    fn default() -> Self {
        Self {
            samples: 4_000_000,
            stacks: 500_000,
            stack_locations: 20_000_000,
            processes: 10_000,
            mappings: 1_000_000,
            path_bytes: 32 << 20,
        }
    }
}

/// One raw sample.
#[derive(Clone, Copy, Debug)]
pub struct Chain<'a> {
    /// Process, whose mappings explain the addresses.
    pub pid: i32,
    /// Thread.
    pub tid: i32,
    /// CPU.
    pub cpu: i32,
    /// CLOCK_MONOTONIC nanoseconds.
    pub t_ns: i64,
    /// Call chain as the kernel wrote it: leaf first, return addresses, with context marks.
    pub addresses: &'a [u64],
}

impl Chain<'_> {
    /// The sample, once its stack is known.
    #[must_use]
    pub fn row(&self, stack: u32) -> SampleRow {
        SampleRow {
            t_ns: self.t_ns,
            tid: self.tid,
            cpu: self.cpu,
            stack,
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Context {
    Kernel,
    User,
    Other,
}

/// Collects samples of any number of processes into one [`Profile`].
pub struct Folder {
    profile: Profile,
    processes: Processes,
    chains: Chains,
    limits: FoldLimits,
    kernel: Option<u32>,
    overflow_stack: Option<u32>,
    path_bytes: usize,
    beyond_samples: u64,
    beyond_stacks: u64,
    beyond_mappings: u64,
    truncated: u64,
    /// Samples whose callers are unknown, by the mapping in which the chain broke.
    broken: BTreeMap<u32, u64>,
    total: u64,
    scratch: Vec<u32>,
}

impl Folder {
    /// Collects into `profile`, which says what the values mean.
    #[must_use]
    pub fn new(profile: Profile, limits: FoldLimits) -> Self {
        Self {
            profile,
            processes: Processes::new(limits.processes),
            chains: Chains::default(),
            limits,
            kernel: None,
            overflow_stack: None,
            path_bytes: 0,
            beyond_samples: 0,
            beyond_stacks: 0,
            beyond_mappings: 0,
            truncated: 0,
            broken: BTreeMap::new(),
            total: 0,
            scratch: Vec::new(),
        }
    }

    /// The profile so far.
    pub(crate) fn profile_mut(&mut self) -> &mut Profile {
        &mut self.profile
    }

    /// The process mapped `[start, limit)` of a file; returns the mapping's row, [`NO_MAPPING`] beyond the limit.
    pub fn map(&mut self, pid: i32, start: u64, limit: u64, file_offset: u64, path: &str) -> u32 {
        let texts = self.profile.strings.len();
        if self.profile.mappings.rows().len() >= self.limits.mappings
            || self.path_bytes + path.len() > self.limits.path_bytes
        {
            self.beyond_mappings += 1;
            return NO_MAPPING;
        }
        let path_id = self.profile.strings.intern(path);
        if self.profile.strings.len() > texts {
            self.path_bytes += path.len();
        }
        let mapping = self.profile.mappings.intern(MappingRow {
            start,
            limit,
            file_offset,
            path: path_id,
            ..MappingRow::default()
        });
        let region = Region {
            start,
            end: limit,
            mapping,
        };
        if !self.processes.map(pid, region) {
            self.beyond_mappings += 1;
        }
        mapping
    }

    /// The parent forked: the child begins with the parent's mappings.
    pub fn fork(&mut self, parent: i32, child: i32) {
        self.processes.fork(parent, child);
    }

    /// The process replaced its program: its mappings are gone.
    pub fn forget(&mut self, pid: i32) {
        self.processes.forget(pid);
    }

    /// The process ended.
    pub fn end(&mut self, pid: i32) {
        self.processes.end(pid);
    }

    /// The kernel had no room for this many samples.
    pub fn lost(&mut self, samples: u64) {
        self.profile.lost = self.profile.lost.saturating_add(samples);
    }

    /// Adds a sample with one value a sample type.
    pub fn sample(&mut self, chain: &Chain<'_>, values: &[i64]) {
        let stack = self.stack(chain);
        self.count(chain.row(stack), values);
    }

    /// The row of a chain's stack, without counting anything there yet: what a sample is worth may be
    /// known only later.
    pub fn stack(&mut self, chain: &Chain<'_>) -> u32 {
        let state = self.processes.get(chain.pid).map_or(0, |space| space.state);
        let hash = self.chains.hash(state, chain.addresses);
        let known = self.chains.find(hash, state, chain.addresses);
        let known = known.unwrap_or_else(|| {
            let known = self.fold(chain);
            self.chains.note(hash, state, chain.addresses, known);
            known
        });
        self.total += 1;
        self.truncated += u64::from(chain.addresses.last() == Some(&TRUNCATED));
        if let Some(mapping) = known.broken {
            *self.broken.entry(mapping).or_default() += 1;
        }
        if self.overflow_stack == Some(known.stack) {
            self.beyond_stacks += 1;
        }
        known.stack
    }

    /// The row of a stack of one frame that is no address but a remark, such as `[off-CPU]`.
    pub fn remark(&mut self, text: &str) -> u32 {
        let location = self.named_location(text);
        self.profile.stacks.intern(&[location], 0)
    }

    /// Counts values, one a sample type, on a stack that [`Folder::stack`] gave.
    pub fn count(&mut self, row: SampleRow, values: &[i64]) {
        let stack = row.stack as usize;
        for (column, value) in self.profile.values.iter_mut().zip(values) {
            if column.len() <= stack {
                column.resize(stack + 1, 0);
            }
            column[stack] = column[stack].saturating_add(*value);
        }
        // Each sample of many columns counts as several of few.
        let columns = self.profile.sample_types.len().max(MEAN_COLUMNS);
        let cells = self.profile.samples.len() * columns;
        if cells < self.limits.samples.saturating_mul(MEAN_COLUMNS) {
            self.profile.samples.push_counting(row, values);
        } else {
            self.beyond_samples += 1;
        }
    }

    /// Ends the collection: samples in the order of time, warnings for whatever was cut.
    #[must_use]
    pub fn finish(mut self) -> Profile {
        for column in &mut self.profile.values {
            column.resize(self.profile.stacks.len(), 0);
        }
        self.profile.samples.sort_by_time();
        let lost = self.profile.lost;
        let notes = [
            (
                lost,
                "samples were lost because the kernel's buffer was full",
            ),
            (
                self.beyond_samples,
                "samples are counted in their stacks but not kept one by one",
            ),
            (
                self.beyond_stacks,
                "samples had new stacks beyond the limit and are summed in one",
            ),
            (
                self.beyond_mappings,
                "mappings were more than are kept; what lies in them has no names",
            ),
            (
                self.truncated,
                "samples have stacks deeper than what was copied of them: their outermost callers are missing",
            ),
        ];
        for (count, note) in notes.iter().filter(|(count, _)| *count > 0) {
            self.profile.warnings.push(format!("{count} {note}"));
        }
        let broken = self.broken_note();
        self.profile.warnings.extend(broken);
        self.profile
    }

    /// How many samples have unknown callers, and where most of them broke; `None` below one in a hundred.
    fn broken_note(&self) -> Option<String> {
        let broken: u64 = self.broken.values().sum();
        let (&mapping, _) = self.broken.iter().max_by_key(|&(_, count)| count)?;
        if broken.saturating_mul(100) < self.total {
            return None;
        }
        let path = self
            .profile
            .mappings
            .get(mapping)
            .map(|row| self.profile.strings.text(row.path));
        let file = path
            .and_then(|path| path.rsplit('/').next())
            .unwrap_or("unknown code");
        let (total, share) = (self.total, broken as f64 * 100.0 / self.total as f64);
        Some(format!(
            "{broken} of {total} samples ({share:.1} %) do not show their callers: code without frame pointers, \
             mostly {file}"
        ))
    }

    fn fold(&mut self, chain: &Chain<'_>) -> Known {
        if self.profile.locations.len() >= MOST_LOCATIONS {
            let stack = self.overflow_stack();
            return Known {
                stack,
                broken: None,
            };
        }
        let mut locations = std::mem::take(&mut self.scratch);
        locations.clear();
        let broken = self.locate(chain, &mut locations);
        let stacks = &mut self.profile.stacks;
        let room = stacks.len() < self.limits.stacks
            && stacks.total_locations() + locations.len() <= self.limits.stack_locations;
        let stack = if room || stacks.contains(&locations) {
            stacks.intern(&locations, 0)
        } else {
            self.overflow_stack()
        };
        self.scratch = locations;
        Known { stack, broken }
    }

    fn overflow_stack(&mut self) -> u32 {
        if let Some(stack) = self.overflow_stack {
            return stack;
        }
        let location = self.named_location("[stacks beyond the limit]");
        let stack = self.profile.stacks.intern(&[location], 0);
        self.overflow_stack = Some(stack);
        stack
    }

    /// A location that stands for no code, but says what its name says.
    fn named_location(&mut self, name: &str) -> u32 {
        let path = self.profile.strings.intern(name);
        let mapping = self.profile.mappings.intern(MappingRow {
            path,
            ..MappingRow::default()
        });
        self.profile.locations.intern(mapping, 0)
    }

    /// Finds the locations of a chain. Returns the mapping of the last user frame if it does not show
    /// its callers: the chain left the code, or never got beyond the leaf.
    fn locate(&mut self, chain: &Chain<'_>, locations: &mut Vec<u32>) -> Option<u32> {
        let (mut context, mut is_exact) = (Context::Other, true);
        let (mut user_frames, mut last) = (0, NO_MAPPING);
        for &address in without_repeats(chain.addresses) {
            if address == TRUNCATED {
                locations.push(self.named_location("[stack deeper than its copy]"));
                return None;
            }
            if address >= CONTEXTS {
                (context, is_exact) = (context_of(address), true);
                continue;
            }
            // A return address points behind the call; one byte earlier lies inside it.
            let is_leaf = std::mem::replace(&mut is_exact, false);
            let address = if is_leaf {
                address
            } else {
                address.saturating_sub(1)
            };
            let mapping = match context {
                Context::Kernel => self.kernel_mapping(),
                Context::User => match self.user_mapping(chain.pid, address) {
                    Some(mapping) => mapping,
                    None if is_leaf => NO_MAPPING,
                    // Not code: the frame pointer was used for something else, and so was all that follows.
                    None => return Some(last),
                },
                Context::Other => continue,
            };
            if context == Context::User {
                (user_frames, last) = (user_frames + 1, mapping);
            }
            locations.push(self.profile.locations.intern(mapping, address));
        }
        (user_frames == 1).then_some(last)
    }

    fn user_mapping(&self, pid: i32, address: u64) -> Option<u32> {
        match self.processes.get(pid) {
            Some(space) => space.find(address),
            None => Some(NO_MAPPING),
        }
    }

    fn kernel_mapping(&mut self) -> u32 {
        if let Some(kernel) = self.kernel {
            return kernel;
        }
        let path = self.profile.strings.intern(KERNEL);
        let kernel = self.profile.mappings.intern(MappingRow {
            path,
            kernel: true,
            ..MappingRow::default()
        });
        self.kernel = Some(kernel);
        kernel
    }
}

fn context_of(mark: u64) -> Context {
    match mark {
        CONTEXT_KERNEL => Context::Kernel,
        CONTEXT_USER => Context::User,
        _ => Context::Other,
    }
}

#[cfg(test)]
mod tests;
