//! Call chains of code without frame pointers: from a sample's registers and a copy of its stack.
//!
//! ```text
//! bytes of a binary ─► Sections (call frame information, checked) ─┐
//! what a process mapped where ─────────────────────────────────────┴► CodeMap ─► Unwinder::chain
//! registers and copy of the stack of a sample ────────────────────────────────────┘
//! ```
//!
//! Framehop executes the tables; where there are none it follows frame pointers. Go code never uses
//! tables, because its frame pointers are always there and its tables seldom are; what frame pointers step
//! over, [`caller_without_frame`] finds.
//!
//! Pure: bytes in, addresses out. Tables and stacks may lie: work and memory are bounded, nothing panics.

#![forbid(unsafe_code)]

#[cfg(test)]
mod built;
mod checked;
mod code_map;
mod leaf;
mod registers;
mod sample;
mod sections;
mod stack;
mod unwinder;

pub use code_map::CodeMap;
pub use leaf::caller_without_frame;
pub use registers::{Architecture, Registers};
pub use sample::registers_and_stack;
pub use sections::Sections;
pub use stack::StackCopy;
pub use unwinder::{End, Unwinder};
