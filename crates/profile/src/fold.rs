//! Folds raw samples into a profile while they arrive: memory follows the number of different
//! stacks, not the number of samples.

use std::collections::{BTreeMap, HashMap};

use crate::address_space::{AddressSpace, Region};
use crate::locations::NO_MAPPING;
use crate::mappings::MappingRow;
use crate::repeats::without_repeats;
use crate::samples::SampleRow;
use crate::tables::Profile;

/// Addresses from here on are no addresses but say where the following ones lie (`PERF_CONTEXT_*`).
const CONTEXTS: u64 = -4095i64 as u64;
const CONTEXT_KERNEL: u64 = -128i64 as u64;
const CONTEXT_USER: u64 = -512i64 as u64;
/// Ends a chain whose outermost callers could not be reached, because they lie above the copy of the
/// stack. A mark of ours, at a place among the kernel's that the kernel never uses.
pub const TRUNCATED: u64 = CONTEXTS;
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
}

impl Default for FoldLimits {
    fn default() -> Self {
        Self {
            samples: 4_000_000,
            stacks: 500_000,
            stack_locations: 20_000_000,
            processes: 10_000,
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

#[derive(Clone, Copy, PartialEq, Eq)]
enum Context {
    Kernel,
    User,
    Other,
}

/// Collects samples of any number of processes into one [`Profile`].
pub struct Folder {
    profile: Profile,
    spaces: HashMap<i32, AddressSpace>,
    limits: FoldLimits,
    kernel: Option<u32>,
    overflow: Option<u32>,
    beyond_samples: u64,
    beyond_stacks: u64,
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
            spaces: HashMap::new(),
            limits,
            kernel: None,
            overflow: None,
            beyond_samples: 0,
            beyond_stacks: 0,
            truncated: 0,
            broken: BTreeMap::new(),
            total: 0,
            scratch: Vec::new(),
        }
    }

    /// The process mapped `[start, limit)` of a file; returns the mapping's row.
    pub fn map(&mut self, pid: i32, start: u64, limit: u64, file_offset: u64, path: &str) -> u32 {
        let path = self.profile.strings.intern(path);
        let mapping = self.profile.mappings.intern(MappingRow {
            start,
            limit,
            file_offset,
            path,
            ..MappingRow::default()
        });
        if self.spaces.len() < self.limits.processes || self.spaces.contains_key(&pid) {
            let region = Region {
                start,
                end: limit,
                mapping,
            };
            self.spaces.entry(pid).or_default().map(region);
        }
        mapping
    }

    /// The parent forked: the child begins with the parent's mappings.
    pub fn fork(&mut self, parent: i32, child: i32) {
        if parent != child
            && self.spaces.len() < self.limits.processes
            && let Some(space) = self.spaces.get(&parent)
        {
            self.spaces.insert(child, space.clone());
        }
    }

    /// The process replaced its program, or ended: its mappings are gone.
    pub fn forget(&mut self, pid: i32) {
        self.spaces.remove(&pid);
    }

    /// The kernel had no room for this many samples.
    pub fn lost(&mut self, samples: u64) {
        self.profile.lost = self.profile.lost.saturating_add(samples);
    }

    /// Adds a sample with one value a sample type.
    pub fn sample(&mut self, chain: &Chain<'_>, values: &[i64]) {
        let mut locations = std::mem::take(&mut self.scratch);
        locations.clear();
        if let Some(mapping) = self.locate(chain, &mut locations) {
            *self.broken.entry(mapping).or_default() += 1;
        }
        self.total += 1;
        let stack = self.stack(&locations, values);
        self.scratch = locations;
        if self.profile.samples.len() < self.limits.samples {
            self.profile.samples.push(SampleRow {
                t_ns: chain.t_ns,
                tid: chain.tid,
                cpu: chain.cpu,
                stack,
            });
        } else {
            self.beyond_samples += 1;
        }
    }

    /// Ends the collection: samples in the order of time, warnings for whatever was cut.
    #[must_use]
    pub fn finish(mut self) -> Profile {
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

    fn stack(&mut self, locations: &[u32], values: &[i64]) -> u32 {
        let stacks = &self.profile.stacks;
        let room = stacks.len() < self.limits.stacks
            && stacks.total_locations() + locations.len() <= self.limits.stack_locations;
        if room || stacks.contains(locations) {
            return self.profile.add(locations, 0, values);
        }
        self.beyond_stacks += 1;
        let overflow = self.overflow_location();
        self.profile.add(&[overflow], 0, values)
    }

    fn overflow_location(&mut self) -> u32 {
        if let Some(location) = self.overflow {
            return location;
        }
        let location = self.named_location("[stacks beyond the limit]");
        self.overflow = Some(location);
        location
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
                self.truncated += 1;
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
        match self.spaces.get(&pid) {
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
mod tests {
    use super::*;

    const K: u64 = CONTEXT_KERNEL;
    const U: u64 = CONTEXT_USER;

    fn folder(limits: FoldLimits) -> Folder {
        let mut folder = Folder::new(Profile::with_sample_types(&[("samples", "count")]), limits);
        folder.map(7, 0x1000, 0x2000, 0, "/bin/a");
        folder
    }

    fn fold(folder: &mut Folder, addresses: &[u64]) {
        let chain = Chain {
            pid: 7,
            tid: 8,
            cpu: 0,
            t_ns: 5,
            addresses,
        };
        folder.sample(&chain, &[1]);
    }

    fn stacks(profile: &Profile) -> Vec<(Vec<u64>, i64)> {
        let addresses = profile.locations.addresses();
        (0..profile.stacks.len() as u32)
            .map(|stack| {
                let stack_addresses = profile
                    .stacks
                    .locations(stack)
                    .iter()
                    .map(|&row| addresses[row as usize]);
                (stack_addresses.collect(), profile.values[0][stack as usize])
            })
            .collect()
    }

    #[test]
    fn callers_are_looked_up_inside_the_call() {
        let mut folder = folder(FoldLimits::default());
        fold(
            &mut folder,
            &[K, 0xffff_8000, 0xffff_9000, U, 0x1100, 0x1200, 0x1200],
        );
        let profile = folder.finish();
        let expected = vec![0xffff_8000, 0xffff_8fff, 0x1100, 0x11ff, 0x11ff];
        assert_eq!(stacks(&profile), [(expected, 1)]);
        let mappings: Vec<bool> = profile
            .mappings
            .rows()
            .iter()
            .map(|row| row.kernel)
            .collect();
        assert_eq!(mappings, [false, true]);
    }

    #[test]
    fn a_chain_ends_where_it_leaves_the_code() {
        let mut folder = folder(FoldLimits::default());
        fold(&mut folder, &[U, 0x1100, 0x1200, 0x9999, 0x9999, 0x1200]);
        fold(&mut folder, &[U, 0x1100, 0x1200, 0x9999]);
        fold(&mut folder, &[U, 0x1100, 0x1200]);
        fold(&mut folder, &[U, 0x9999]);
        let profile = folder.finish();
        assert_eq!(
            stacks(&profile),
            [(vec![0x1100, 0x11ff], 3), (vec![0x9999], 1)]
        );
        let expected = "3 of 4 samples (75.0 %) do not show their callers: code without frame pointers, mostly a";
        assert_eq!(profile.warnings, [expected]);
    }

    #[test]
    fn a_chain_that_its_copy_cut_off_says_so() {
        let mut folder = folder(FoldLimits::default());
        fold(&mut folder, &[U, 0x1100, 0x1200, TRUNCATED]);
        let profile = folder.finish();
        assert_eq!(stacks(&profile), [(vec![0x1100, 0x11ff, 0], 1)]);
        assert_eq!(profile.warnings.len(), 1);
    }

    #[test]
    fn complete_chains_give_no_warning() {
        let mut folder = folder(FoldLimits::default());
        fold(&mut folder, &[U, 0x1100, 0x1200]);
        fold(&mut folder, &[K, 0xffff_8000]);
        assert_eq!(folder.finish().warnings, Vec::<String>::new());
    }

    #[test]
    fn memory_is_bounded_and_nothing_is_dropped_silently() {
        let limits = FoldLimits {
            samples: 3,
            stacks: 2,
            ..FoldLimits::default()
        };
        let mut folder = folder(limits);
        for address in [0x1001, 0x1002, 0x1003, 0x1004, 0x1001] {
            fold(&mut folder, &[K, address]);
        }
        let profile = folder.finish();
        assert_eq!(profile.total(0), 5);
        assert_eq!(
            stacks(&profile),
            [(vec![0x1001], 2), (vec![0x1002], 1), (vec![0], 2)]
        );
        assert_eq!(profile.samples.len(), 3);
        assert_eq!(profile.warnings.len(), 2);
    }

    #[test]
    fn a_child_begins_with_its_parents_mappings_and_loses_them_with_exec() {
        let mut folder = folder(FoldLimits::default());
        folder.fork(7, 9);
        let chain = Chain {
            pid: 9,
            tid: 9,
            cpu: 1,
            t_ns: 1,
            addresses: &[U, 0x1100],
        };
        folder.sample(&chain, &[1]);
        folder.forget(9);
        folder.sample(&chain, &[1]);
        let profile = folder.finish();
        assert_eq!(profile.locations.mappings(), [0, NO_MAPPING]);
    }
}
