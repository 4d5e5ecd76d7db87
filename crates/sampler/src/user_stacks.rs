//! Callers of code without frame pointers: from registers and a copy of the stack that come with a
//! sample, used at once and never kept.
//!
//! The kernel's chain goes by frame pointers. In code that uses that register for data it breaks, or
//! steps over a caller; tables do neither, but reach no further than the copy. So tables lead, and the
//! kernel's chain goes on from an address that both know.

use std::collections::HashMap;

use profile::TRUNCATED;
use symbolize::{MapLine, Modules};
use unwind::{Architecture, CodeMap, End, Registers, Sections, StackCopy, Unwinder};

/// Bytes of stack copied with a sample. Of the stacks of a small search service, 32 KiB hold all, 16 KiB
/// 90 % and 8 KiB 2 %; a kilobyte more costs the sampler 0.08 % of a CPU at 999 Hz.
pub(crate) const COPY_BYTES: u32 = 32 << 10;
/// The same where a thread leaves its CPU, which happens more often: enough to get out of libraries without
/// frame pointers, from where frame pointers go on.
pub(crate) const COPY_BYTES_SWITCH: u32 = 4 << 10;
/// Processes whose code is known; of further ones the kernel's chains stay as they are.
const MOST_PROCESSES: usize = 4_096;
/// Bytes of tables kept; binaries beyond are gone through by frame pointers.
const MOST_TABLE_BYTES: usize = 512 << 20;
/// `PERF_CONTEXT_USER`, and the lowest of such marks.
pub(crate) const CONTEXT_USER: u64 = -512i64 as u64;
const CONTEXTS: u64 = -4095i64 as u64;
/// `PERF_SAMPLE_REGS_ABI_64`.
const ABI_64: u64 = 2;

/// Where the callers of samples came from, in numbers of samples.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Sources {
    tables: u64,
    joined: u64,
    frame_pointers: u64,
    truncated: u64,
    broken: u64,
}

/// Unwinds samples of any number of processes.
pub(crate) struct UserStacks {
    architecture: Architecture,
    processes: HashMap<i32, Process>,
    sections: HashMap<String, Sections>,
    table_bytes: usize,
    unwinder: Unwinder,
    sources: Sources,
    chain: Vec<u64>,
}

/// The code of a process: read when its first sample comes.
#[derive(Clone)]
struct Process {
    code: CodeMap,
    unread: Vec<MapLine>,
}

impl UserStacks {
    /// `None` on an architecture that is not known.
    pub(crate) fn new() -> Option<Self> {
        Some(Self {
            architecture: Architecture::of_this_machine()?,
            processes: HashMap::new(),
            sections: HashMap::new(),
            table_bytes: 0,
            unwinder: Unwinder::default(),
            sources: Sources::default(),
            chain: Vec::new(),
        })
    }

    pub(crate) fn map(&mut self, pid: i32, map: &MapLine) {
        if self.processes.len() < MOST_PROCESSES || self.processes.contains_key(&pid) {
            let process = self.processes.entry(pid).or_insert_with(|| Process {
                code: CodeMap::new(self.architecture),
                unread: Vec::new(),
            });
            process.unread.push(map.clone());
        }
    }

    pub(crate) fn fork(&mut self, parent: i32, child: i32) {
        if self.processes.len() < MOST_PROCESSES
            && let Some(process) = self.processes.get(&parent).cloned()
        {
            self.processes.insert(child, process);
        }
    }

    pub(crate) fn forget(&mut self, pid: i32) {
        self.processes.remove(&pid);
    }

    /// Completes the user part of a chain that the kernel wrote, from the end of the sample's record:
    /// registers and stack.
    pub(crate) fn complete(
        &mut self,
        pid: i32,
        record: &[u8],
        modules: &Modules,
        addresses: &mut Vec<u64>,
    ) {
        let Some((registers, stack)) = registers_and_stack(self.architecture, record) else {
            return;
        };
        let Some(mut process) = self.processes.remove(&pid) else {
            return;
        };
        for map in std::mem::take(&mut process.unread) {
            self.read(&mut process.code, &map, modules);
        }
        let code = &process.code;
        let end = self
            .unwinder
            .chain(code, &registers, &stack, &mut self.chain);
        let user = addresses.iter().position(|&mark| mark == CONTEXT_USER);
        let kernel_part = user.unwrap_or(addresses.len());
        let by_frames = addresses.get(kernel_part + 1..).unwrap_or_default();
        let by_frames = valid(by_frames, code);
        let callers = best(&self.chain, end, by_frames, &mut self.sources);
        addresses.truncate(kernel_part);
        addresses.push(CONTEXT_USER);
        addresses.extend(callers);
        self.processes.insert(pid, process);
    }

    /// Where callers came from, in words.
    pub(crate) fn comment(&self) -> String {
        let sources = self.sources;
        format!(
            "callers of {} stacks by unwinding tables, of {} by tables and from there by frame pointers, of {} by \
             frame pointers; {} deeper than their copy, {} broken",
            sources.tables,
            sources.joined,
            sources.frame_pointers,
            sources.truncated,
            sources.broken
        )
    }

    fn read(&mut self, code: &mut CodeMap, map: &MapLine, modules: &Modules) {
        if !self.sections.contains_key(&map.path) && self.table_bytes < MOST_TABLE_BYTES {
            let sections = modules.with_bytes(&map.path, Sections::of_elf);
            let sections = sections.unwrap_or_default();
            self.table_bytes += sections.table_bytes();
            self.sections.insert(map.path.clone(), sections);
        }
        let sections = self.sections.get(&map.path);
        code.map(map.start..map.end, map.file_offset, sections);
    }
}

/// The part of a kernel's chain that lies in code.
fn valid<'a>(chain: &'a [u64], code: &CodeMap) -> &'a [u64] {
    let is_code = |&(row, &address): &(usize, &u64)| {
        address < CONTEXTS && (row == 0 || code.is_code(address.saturating_sub(1)))
    };
    let length = chain.iter().enumerate().take_while(is_code).count();
    &chain[..length]
}

/// The callers to believe: those of the tables as far as they reach, then those of the frame pointers.
fn best(by_tables: &[u64], end: End, by_frames: &[u64], sources: &mut Sources) -> Vec<u64> {
    if end == End::Complete {
        sources.tables += 1;
        return by_tables.to_vec();
    }
    for (row, &address) in by_tables.iter().enumerate().skip(1).rev() {
        let rest = met_at(by_frames, address, row).map_or(&[][..], |met| &by_frames[met..]);
        if row + rest.len() > by_tables.len() {
            sources.joined += 1;
            return [&by_tables[..row], rest].concat();
        }
    }
    if by_frames.len() > by_tables.len() {
        sources.frame_pointers += 1;
        return by_frames.to_vec();
    }
    if end == End::Truncated {
        sources.truncated += 1;
        return [by_tables, &[TRUNCATED]].concat();
    }
    sources.broken += 1;
    by_tables.to_vec()
}

/// Where frame pointers meet the address that tables found at `row`: they may have stepped over callers,
/// but found none that is not there. The leaf says nothing of callers, and so does not count.
fn met_at(by_frames: &[u64], address: u64, row: usize) -> Option<usize> {
    let frames = by_frames.iter().enumerate().skip(1);
    let mut meetings = frames.filter(|&(_, &other)| other == address);
    let first = meetings.next()?.0;
    let others = meetings.map(|(met, _)| met);
    Some(others.take_while(|&met| met <= row).last().unwrap_or(first))
}

/// The end of a sample's record: registers (kind, then one word each), stack (length, bytes, length
/// that was there). `None` without either, as for threads of the kernel.
pub(crate) fn registers_and_stack(
    architecture: Architecture,
    record: &[u8],
) -> Option<(Registers, StackCopy<'_>)> {
    let (words, _) = record.as_chunks::<8>();
    let word = |row: usize| words.get(row).map(|&bytes| u64::from_ne_bytes(bytes));
    if word(0)? != ABI_64 {
        return None;
    }
    let mask = architecture.register_mask();
    let count = mask.count_ones() as usize;
    let values: Vec<u64> = (1..=count).map_while(word).collect();
    let registers = Registers::from_sample(architecture, mask, &values)?;
    let copied = usize::try_from(word(count + 1)?).ok()?;
    let bytes = record.get((count + 2) * 8..)?;
    let (bytes, rest) = bytes.split_at_checked(copied)?;
    let there = u64::from_ne_bytes(*rest.first_chunk::<8>()?);
    let stack = StackCopy {
        start: registers.stack,
        bytes: &bytes[..copied.min(usize::try_from(there).ok()?)],
        is_cut: there >= copied as u64,
    };
    Some((registers, stack))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn chosen(by_tables: &[u64], end: End, by_frames: &[u64]) -> Vec<u64> {
        best(by_tables, end, by_frames, &mut Sources::default())
    }

    #[test]
    fn tables_lead_and_frame_pointers_go_on() {
        let tables = [1, 2, 3, 4];
        // A frame pointer steps over the caller of a leaf that has no frame.
        assert_eq!(chosen(&tables, End::Complete, &[1, 3, 4]), tables);
        assert_eq!(
            chosen(&tables, End::Truncated, &[1, 3, 4, 5, 6]),
            [1, 2, 3, 4, 5, 6]
        );
        assert_eq!(chosen(&[1, 2, 3], End::Broken, &[1, 2, 7, 8]), [1, 2, 7, 8]);
        // Recursion is not counted twice.
        let recursion = [1, 5, 5, 5, 6];
        assert_eq!(
            chosen(&recursion[..4], End::Truncated, &recursion),
            recursion
        );
    }

    #[test]
    fn where_both_know_nothing_in_common_the_longer_is_believed() {
        assert_eq!(chosen(&[1], End::Broken, &[1, 2, 3]), [1, 2, 3]);
        assert_eq!(chosen(&[1, 2], End::Broken, &[1, 9]), [1, 2]);
        assert_eq!(chosen(&[1, 2], End::Truncated, &[1]), [1, 2, TRUNCATED]);
    }

    #[test]
    fn registers_and_stack_are_taken_off_the_end_of_a_record() {
        let architecture = Architecture::X86_64;
        let words = [ABI_64, 3, 2, 1, 16, 7, 8, 8];
        let record: Vec<u8> = words
            .iter()
            .flat_map(|word: &u64| word.to_ne_bytes())
            .collect();
        let (registers, stack) =
            registers_and_stack(architecture, &record).unwrap_or_else(|| unreachable!());
        assert_eq!((registers.instruction, registers.stack), (1, 2));
        assert_eq!(
            (stack.start, stack.bytes.len(), stack.is_cut),
            (2, 8, false)
        );
        for length in 0..record.len() {
            assert!(
                registers_and_stack(architecture, &record[..length]).is_none(),
                "{length}"
            );
        }
    }

    proptest! {
        #[test]
        fn any_record_will_never_panic(words in prop::collection::vec(prop_oneof![0u64..40, any::<u64>()], 0..20)) {
            let record: Vec<u8> = words.iter().flat_map(|word| word.to_ne_bytes()).collect();
            for architecture in [Architecture::X86_64, Architecture::Aarch64] {
                if let Some((_, stack)) = registers_and_stack(architecture, &record) {
                    prop_assert!(stack.bytes.len() <= record.len());
                }
            }
        }

        #[test]
        fn every_choice_begins_with_the_leaf(
            tables in prop::collection::vec(2u64..9, 0..8),
            frames in prop::collection::vec(2u64..9, 0..8),
            end in prop::sample::select(vec![End::Complete, End::Truncated, End::Broken]),
        ) {
            let leaf = |rest: &[u64]| [&[1], rest].concat();
            let callers = chosen(&leaf(&tables), end, &leaf(&frames));
            prop_assert_eq!(callers[0], 1);
            prop_assert!(callers.len() > tables.len().min(frames.len()));
        }
    }
}
