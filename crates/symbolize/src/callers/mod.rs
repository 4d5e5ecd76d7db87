//! Callers that the kernel's chain by frame pointers lacks: found by registers and a copy of the stack that
//! come with a sample, used at once and never kept.
//!
//! With tables: the callers of all code without frame pointers, as far as the copy reaches. Always: those of
//! Go functions without a frame. Go keeps frame pointers, but a function that calls nothing sets none up, and
//! the chain steps over its caller; Go's own table says where the return address is, a few bytes up the stack.

mod choice;
mod recorded;

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use profile::{CONTEXT_USER, CONTEXTS, user_mark};
use unwind::{
    Architecture, CodeMap, Registers, Sections, StackCopy, Unwinder, caller_without_frame,
    registers_and_stack,
};

use self::choice::{Sources, best, valid};
use crate::bytes::Bytes;
use crate::go::GoBinary;
use crate::maps::MapLine;

pub use recorded::RecordedCallers;

/// Processes whose code is known; of further ones the kernel's chains stay as they are.
const MOST_PROCESSES: usize = 4_096;
/// Executable pieces of memory known of a process, of all processes, and the files behind them.
const MOST_PIECES: usize = 4_096;
const MOST_PIECES_IN_ALL: usize = 400_000;
const MOST_PATHS: usize = 16_384;
/// Bytes of tables kept; binaries beyond are gone through by frame pointers.
const MOST_TABLE_BYTES: usize = 512 << 20;

/// Where the bytes of a binary come from; `None` where it cannot be read.
pub type Binaries<'a> = dyn FnMut(&str) -> Option<Bytes> + 'a;

/// Completes the chains of any number of processes.
pub struct Callers {
    architecture: Architecture,
    tables: Option<Tables>,
    processes: HashMap<i32, Process>,
    pieces: usize,
    paths: HashSet<Arc<str>>,
    go: HashMap<Arc<str>, Option<GoBinary>>,
}

/// Unwinding tables, and what was found by them.
#[derive(Default)]
struct Tables {
    sections: HashMap<Arc<str>, Sections>,
    bytes: usize,
    unwinder: Unwinder,
    sources: Sources,
    chain: Vec<u64>,
}

/// The code of a process; what is behind it is read when its first sample comes.
#[derive(Clone)]
struct Process {
    pieces: Vec<Piece>,
    code: CodeMap,
    /// Pieces that `code` does not know yet.
    unread: Vec<Piece>,
}

/// Executable memory that shows a file.
#[derive(Clone)]
struct Piece {
    start: u64,
    end: u64,
    file_offset: u64,
    path: Arc<str>,
}

impl Piece {
    fn offset(&self, address: u64) -> Option<u64> {
        let inside = address.checked_sub(self.start)?;
        (address < self.end).then(|| self.file_offset.checked_add(inside))?
    }
}

impl Callers {
    /// Without tables, only Go's callers are completed.
    #[must_use]
    pub fn new(architecture: Architecture, with_tables: bool) -> Self {
        Self {
            architecture,
            tables: with_tables.then(Tables::default),
            processes: HashMap::new(),
            pieces: 0,
            paths: HashSet::new(),
            go: HashMap::new(),
        }
    }

    /// Whether callers are looked for by unwinding tables.
    #[must_use]
    pub fn has_tables(&self) -> bool {
        self.tables.is_some()
    }

    /// A process mapped executable memory. Beyond the bounds nothing is known of it.
    pub fn map(&mut self, pid: i32, map: &MapLine) {
        let room = self.processes.len() < MOST_PROCESSES || self.processes.contains_key(&pid);
        let Some(path) = self.path(&map.path).filter(|_| room) else {
            return;
        };
        let process = self.processes.entry(pid).or_insert_with(|| Process {
            pieces: Vec::new(),
            code: CodeMap::new(self.architecture),
            unread: Vec::new(),
        });
        let before = process.pieces.len();
        let is_elsewhere = |piece: &Piece| piece.end <= map.start || map.end <= piece.start;
        process.pieces.retain(is_elsewhere);
        process.unread.retain(is_elsewhere);
        self.pieces -= before - process.pieces.len();
        if process.pieces.len() < MOST_PIECES && self.pieces < MOST_PIECES_IN_ALL {
            let piece = Piece {
                start: map.start,
                end: map.end,
                file_offset: map.file_offset,
                path,
            };
            self.pieces += 1;
            process.pieces.push(piece.clone());
            if self.tables.is_some() {
                process.unread.push(piece);
            }
        }
    }

    /// A child begins with the code of its parent.
    pub fn fork(&mut self, parent: i32, child: i32) {
        self.forget(child);
        if self.processes.len() < MOST_PROCESSES
            && let Some(process) = self.processes.get(&parent).cloned()
            && self.pieces + process.pieces.len() <= MOST_PIECES_IN_ALL
        {
            self.pieces += process.pieces.len();
            self.processes.insert(child, process);
        }
    }

    /// A process replaced its program, or ended.
    pub fn forget(&mut self, pid: i32) {
        if let Some(process) = self.processes.remove(&pid) {
            self.pieces -= process.pieces.len();
        }
    }

    /// Completes the user part of a chain that the kernel wrote. `record` is the end of the sample's record,
    /// with the registers of `mask` and a copy of the stack.
    pub fn complete(
        &mut self,
        pid: i32,
        mask: u64,
        record: &[u8],
        binaries: &mut Binaries<'_>,
        addresses: &mut Vec<u64>,
    ) {
        let Some((registers, stack)) = registers_and_stack(self.architecture, mask, record) else {
            return;
        };
        let Some(process) = self.processes.get_mut(&pid) else {
            return;
        };
        if let Some(tables) = &mut self.tables {
            tables.complete(process, &registers, &stack, binaries, addresses);
        }
        if let Some(leaf) = user_mark(addresses).map(|mark| mark + 1)
            && let Some(found) = process.piece(registers.instruction)
            && leaf < addresses.len()
        {
            let binary = self.go.entry(Arc::clone(&found.path));
            let binary = binary.or_insert_with(|| GoBinary::read(binaries(&found.path)?));
            let caller = binary
                .as_ref()
                .and_then(|go| go_caller(self.architecture, go, found, &registers, &stack));
            addresses.splice(leaf + 1..leaf + 1, caller);
        }
    }

    /// Where callers came from, in words; `None` without tables.
    #[must_use]
    pub fn comment(&self) -> Option<String> {
        Some(self.tables.as_ref()?.sources.comment())
    }

    fn path(&mut self, path: &str) -> Option<Arc<str>> {
        if let Some(known) = self.paths.get(path) {
            return Some(Arc::clone(known));
        }
        let path: Arc<str> = Arc::from(path);
        (self.paths.len() < MOST_PATHS && self.paths.insert(Arc::clone(&path))).then_some(path)
    }
}

impl Process {
    fn piece(&self, address: u64) -> Option<&Piece> {
        self.pieces
            .iter()
            .find(|piece| piece.start <= address && address < piece.end)
    }
}

impl Tables {
    fn complete(
        &mut self,
        process: &mut Process,
        registers: &Registers,
        stack: &StackCopy<'_>,
        binaries: &mut Binaries<'_>,
        addresses: &mut Vec<u64>,
    ) {
        for piece in std::mem::take(&mut process.unread) {
            self.read(&mut process.code, &piece, binaries);
        }
        let code = &process.code;
        let end = self.unwinder.chain(code, registers, stack, &mut self.chain);
        let kernel_part = user_mark(addresses).unwrap_or(addresses.len());
        let by_frames = addresses.get(kernel_part + 1..).unwrap_or_default();
        let by_frames = valid(by_frames, code);
        let callers = best(&self.chain, end, by_frames, &mut self.sources);
        addresses.truncate(kernel_part);
        addresses.push(CONTEXT_USER);
        addresses.extend(callers);
    }

    fn read(&mut self, code: &mut CodeMap, piece: &Piece, binaries: &mut Binaries<'_>) {
        if !self.sections.contains_key(&piece.path) && self.bytes < MOST_TABLE_BYTES {
            let bytes = binaries(&piece.path);
            let sections = bytes
                .map(|bytes| Sections::of_elf(&bytes))
                .unwrap_or_default();
            self.bytes += sections.table_bytes();
            self.sections.insert(Arc::clone(&piece.path), sections);
        }
        let sections = self.sections.get(&piece.path);
        code.map(piece.start..piece.end, piece.file_offset, sections);
    }
}

/// The caller of Go code without a frame; it is believed where Go's code stands before it.
fn go_caller(
    architecture: Architecture,
    go: &GoBinary,
    piece: &Piece,
    registers: &Registers,
    stack: &StackCopy<'_>,
) -> Option<u64> {
    let depth = go.depth(piece.offset(registers.instruction)?)?;
    let caller = caller_without_frame(architecture, registers, stack, depth)?;
    let call = piece.offset(caller.checked_sub(1)?)?;
    (go.is_code(call) && caller < CONTEXTS).then_some(caller)
}

#[cfg(test)]
mod tests;
