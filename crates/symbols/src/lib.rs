//! Addresses to frames with inlined calls, for ELF binaries of Go, Rust and C.
//!
//! Everything works on bytes of a file that the caller mapped or read; nothing is opened here.
//! [`resolve`] takes all addresses of one binary at once: sections are unpacked once, used, and
//! dropped. Addresses are offsets in the file, which are free of load bias: a mapping shows
//! `file offset = address - start + offset`.
//!
//! For each address the best source answers: DWARF (with inlined calls), then the symbol table, then
//! `[module]+0xoffset`. Hostile files give fewer names, never a panic.

#![forbid(unsafe_code)]

mod build_id;
mod dwarf;
mod elf;
mod kallsyms;
mod names;
mod preload;
mod ranges;
mod resolve;

pub use build_id::build_id;
pub use kallsyms::KernelSymbols;
pub use names::demangle;
pub use preload::why_not_preloadable;
pub use resolve::{Limits, Resolution, resolve};

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
