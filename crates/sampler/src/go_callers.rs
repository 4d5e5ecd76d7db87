//! Callers of Go code without a frame of its own.
//!
//! Go keeps frame pointers, but a function that calls nothing sets none up, and the kernel's chain then
//! steps over its caller: the caller of every hash, comparison and system call. Go's own table says where
//! the return address is; registers and the top of the stack, a hundred bytes a sample, are all it takes.

use std::collections::HashMap;
use std::sync::Arc;

use symbolize::{GoBinary, MapLine, Modules};
use unwind::{Architecture, caller_without_frame};

use crate::user_stacks::{CONTEXT_USER, registers_and_stack};

/// Bytes of stack copied with every sample: enough for code without a frame, and for the first instructions
/// of code with one.
pub(crate) const TOP_BYTES: u32 = 64;
/// Processes and pieces of Go code each that are known; further ones keep the kernel's chains.
const MOST_PROCESSES: usize = 4_096;
const MOST_PIECES: usize = 64;

/// Completes chains of any number of processes.
pub(crate) struct GoCallers {
    architecture: Architecture,
    processes: HashMap<i32, Vec<Piece>>,
    binaries: HashMap<String, Option<Arc<GoBinary>>>,
}

/// Where a process has mapped Go's code.
#[derive(Clone)]
struct Piece {
    start: u64,
    end: u64,
    file_offset: u64,
    binary: Arc<GoBinary>,
}

impl Piece {
    fn offset(&self, address: u64) -> Option<u64> {
        let inside = address.checked_sub(self.start)?;
        (address < self.end).then(|| self.file_offset.checked_add(inside))?
    }
}

impl GoCallers {
    /// `None` on an architecture that is not known.
    pub(crate) fn new() -> Option<Self> {
        Some(Self {
            architecture: Architecture::of_this_machine()?,
            processes: HashMap::new(),
            binaries: HashMap::new(),
        })
    }

    pub(crate) fn map(&mut self, pid: i32, map: &MapLine, modules: &Modules) {
        if let Some(pieces) = self.processes.get_mut(&pid) {
            pieces.retain(|piece| piece.end <= map.start || map.end <= piece.start);
        }
        let Some(binary) = self.binary(&map.path, modules) else {
            return;
        };
        if self.processes.len() == MOST_PROCESSES && !self.processes.contains_key(&pid) {
            return;
        }
        let pieces = self.processes.entry(pid).or_default();
        if pieces.len() < MOST_PIECES {
            pieces.push(Piece {
                start: map.start,
                end: map.end,
                file_offset: map.file_offset,
                binary,
            });
        }
    }

    pub(crate) fn fork(&mut self, parent: i32, child: i32) {
        if self.processes.len() < MOST_PROCESSES
            && let Some(pieces) = self.processes.get(&parent).cloned()
        {
            self.processes.insert(child, pieces);
        }
    }

    pub(crate) fn forget(&mut self, pid: i32) {
        self.processes.remove(&pid);
    }

    /// Puts the caller that the kernel's chain lacks behind the leaf of its user part. `record` is the end of
    /// the sample's record: registers and stack.
    pub(crate) fn complete(&self, pid: i32, record: &[u8], addresses: &mut Vec<u64>) {
        let user = addresses.iter().position(|&mark| mark == CONTEXT_USER);
        if let Some(caller) = self.caller(pid, record)
            && let Some(leaf) = user.map(|mark| mark + 1)
            && leaf < addresses.len()
        {
            addresses.insert(leaf + 1, caller);
        }
    }

    /// A caller is believed where Go's code stands before it.
    fn caller(&self, pid: i32, record: &[u8]) -> Option<u64> {
        let pieces = self.processes.get(&pid)?;
        let (registers, stack) = registers_and_stack(self.architecture, record)?;
        let found = pieces.iter().find_map(|piece| {
            let offset = piece.offset(registers.instruction)?;
            Some((piece, offset))
        });
        let (piece, offset) = found?;
        let depth = piece.binary.depth(offset)?;
        let caller = caller_without_frame(self.architecture, &registers, &stack, depth)?;
        let call = piece.offset(caller.checked_sub(1)?)?;
        piece.binary.is_code(call).then_some(caller)
    }

    fn binary(&mut self, path: &str, modules: &Modules) -> Option<Arc<GoBinary>> {
        if !path.starts_with('/') {
            return None;
        }
        if let Some(known) = self.binaries.get(path) {
            return known.clone();
        }
        let binary = modules.go_binary(path).map(Arc::new);
        self.binaries.insert(path.to_owned(), binary.clone());
        binary
    }
}
