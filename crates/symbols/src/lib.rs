//! Addresses to frames with inlined calls, for ELF binaries of Go, Rust and C.
//!
//! Everything works on bytes of a file that the caller mapped or read; nothing is opened here.
//! A [`Binary`] is read once, and a [`Resolver`] names its addresses. Addresses are offsets in the file, which are free of load bias: a mapping shows
//! `file offset = address - start + offset`.
//!
//! For each address the best source answers: Go's own table (with inlined calls), then DWARF (with
//! inlined calls), then the symbol table, then `[module]+0xoffset`. Hostile files give fewer names, never a panic.

#![forbid(unsafe_code)]

mod binary;
mod build_id;
mod content;
mod dwarf;
mod dwarf_bounds;
mod elf;
mod image;
mod kallsyms;
mod names;
mod normalize;
mod packed;
mod pclntab;
mod preload;
mod ranges;

pub use binary::{Binary, Resolver, place, resolve};
pub use build_id::{BuildIds, build_id, build_ids, note_build_id};
pub use content::content_sha256;
pub use kallsyms::KernelSymbols;
pub use names::demangle;
pub use normalize::normalize_function;
pub use packed::{FramesByOffset, pack, unpack};
pub use pclntab::GoStacks;
pub use preload::why_not_preloadable;

/// One call found at an address.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Frame {
    /// Name as people read it: Rust demangled without hashes, Go as it is.
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

/// Bounds on what a binary may cost.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Largest size of compressed debug sections after unpacking, in bytes; larger ones are not used.
    pub debug_bytes: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            debug_bytes: 2 << 30,
        }
    }
}

/// What was found in a binary.
#[derive(Clone, Debug, Default)]
pub struct Resolution {
    /// For each address its frames, innermost call first, never empty.
    pub frames: Vec<Vec<Frame>>,
    /// Build ID; empty if it has none.
    pub build_id: String,
    /// What was damaged or left out; empty: nothing.
    pub warning: String,
}
