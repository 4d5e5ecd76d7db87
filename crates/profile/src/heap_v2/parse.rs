//! The lines of a dump.

use super::HeapError;

const HEADER: &str = "heap_v2/";
const LIBRARIES: &str = "MAPPED_LIBRARIES:";
const ALL_THREADS: &str = "t*:";
/// jemalloc keeps at most 128 frames (`PROF_BT_MAX`); longer stacks are cut, not believed.
const MOST_FRAMES: usize = 1_024;

/// Sampled objects and bytes as they stand in the dump.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Counts {
    pub(super) objects: u64,
    pub(super) bytes: u64,
}

/// What one stack allocated.
#[derive(Debug)]
pub(super) struct Stack {
    /// Return addresses, leaf first.
    pub(super) addresses: Vec<u64>,
    pub(super) live: Counts,
    /// Since the start of the process.
    pub(super) allocated: Counts,
}

/// One executable line of the process's mappings.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Library {
    pub(super) start: u64,
    pub(super) end: u64,
    pub(super) file_offset: u64,
    pub(super) path: String,
}

impl Library {
    pub(super) fn covers(&self, address: u64) -> bool {
        (self.start..self.end).contains(&address)
    }

    pub(super) fn is_jemalloc(&self) -> bool {
        let name = self.path.rsplit('/').next().unwrap_or_default();
        name.starts_with("libjemalloc")
    }
}

/// A whole dump.
#[derive(Debug, Default)]
pub(super) struct Dump {
    /// Mean bytes between samples.
    pub(super) rate: u64,
    pub(super) stacks: Vec<Stack>,
    pub(super) libraries: Vec<Library>,
    has_libraries: bool,
    is_cut: bool,
    not_understood: u64,
}

impl Dump {
    pub(super) fn parse(data: &[u8]) -> Result<Self, HeapError> {
        let mut lines = data.split(|&byte| byte == b'\n').map(text);
        let first = lines.next().flatten();
        let rate = first.and_then(|line| line.strip_prefix(HEADER)?.trim_end().parse().ok());
        let rate = rate.filter(|&rate| rate > 0).ok_or(HeapError::NotHeapV2)?;
        let mut dump = Self {
            rate,
            ..Self::default()
        };
        // Counts before the first stack are the sum over all.
        let mut in_stack = false;
        for line in lines {
            match line.map(str::trim) {
                Some(LIBRARIES) => dump.has_libraries = true,
                Some("") => {}
                Some(line) if dump.has_libraries => dump.library(line),
                Some(line) if line.starts_with('@') => in_stack = dump.stack(line),
                Some(line) if line.starts_with(ALL_THREADS) => dump.counts(line, in_stack),
                Some(line) if line.starts_with('t') => {}
                _ => dump.not_understood += 1,
            }
        }
        dump.is_cut = !dump.has_libraries || data.last() != Some(&b'\n');
        Ok(dump)
    }

    /// Whether `later` may be a later dump of the same process: the program lies where it did, sampled alike.
    pub(super) fn is_before(&self, later: &Self) -> bool {
        self.rate == later.rate && self.libraries.first() == later.libraries.first()
    }

    pub(super) fn warnings(&self) -> Vec<String> {
        let mut found = Vec::new();
        if self.is_cut {
            found
                .push("the dump is cut off: what is behind has no names, or is missing".to_owned());
        }
        if self.not_understood > 0 {
            found.push(format!(
                "{} lines of the dump are damaged and left out",
                self.not_understood
            ));
        }
        let is_empty = |stack: &Stack| stack.allocated == Counts::default();
        if !self.stacks.is_empty() && self.stacks.iter().all(is_empty) {
            found.push(
                "only live memory is known: the process ran without prof_accum:true".to_owned(),
            );
        }
        found
    }

    fn stack(&mut self, line: &str) -> bool {
        let words = line.trim_start_matches('@').split_ascii_whitespace();
        let addresses: Option<Vec<u64>> = words.take(MOST_FRAMES).map(hexadecimal).collect();
        let Some(addresses) = addresses else {
            self.not_understood += 1;
            return false;
        };
        self.stacks.push(Stack {
            addresses,
            live: Counts::default(),
            allocated: Counts::default(),
        });
        true
    }

    fn counts(&mut self, line: &str, in_stack: bool) {
        match (counts(line), self.stacks.last_mut()) {
            (None, _) => self.not_understood += 1,
            (Some((live, allocated)), Some(stack)) if in_stack => {
                (stack.live, stack.allocated) = (live, allocated);
            }
            _ => {}
        }
    }

    fn library(&mut self, line: &str) {
        match library(line) {
            Some(Some(library)) => self.libraries.push(library),
            Some(None) => {}
            None => self.not_understood += 1,
        }
    }
}

fn text(line: &[u8]) -> Option<&str> {
    std::str::from_utf8(line).ok()
}

fn hexadecimal(word: &str) -> Option<u64> {
    u64::from_str_radix(word.strip_prefix("0x")?, 16).ok()
}

/// Reads `t*: live objects: bytes [allocated objects: bytes]`.
fn counts(line: &str) -> Option<(Counts, Counts)> {
    let (live, allocated) = line.strip_prefix(ALL_THREADS)?.split_once('[')?;
    Some((pair(live)?, pair(allocated.strip_suffix(']')?)?))
}

fn pair(text: &str) -> Option<Counts> {
    let (objects, bytes) = text.split_once(':')?;
    Some(Counts {
        objects: objects.trim().parse().ok()?,
        bytes: bytes.trim().parse().ok()?,
    })
}

/// Reads a line of `/proc/PID/maps` (proc(5)): `None` if it is none, `Some(None)` if it is not executable.
fn library(line: &str) -> Option<Option<Library>> {
    let mut words = line.splitn(6, ' ');
    let (start, end) = words.next()?.split_once('-')?;
    let permissions = words.next()?.as_bytes();
    let file_offset = words.next()?;
    let path = words.nth(2).unwrap_or("").trim_start();
    let library = Library {
        start: u64::from_str_radix(start, 16).ok()?,
        end: u64::from_str_radix(end, 16).ok()?,
        file_offset: u64::from_str_radix(file_offset, 16).ok()?,
        path: path.to_owned(),
    };
    Some((permissions.get(2)? == &b'x').then_some(library))
}
