//! BPF: small programs that the kernel checks, compiles and runs wherever it passes one of its tracepoints.
//!
//! ```text
//! Code (instructions) ─► Program ─► attached to a tracepoint ─► writes into Rings ─► drained here
//!                           ▲                    ▲
//!            Types: where the kernel's           Map: a table that both sides see
//!            structures keep their fields
//! ```
//!
//! The programs are short enough to be written as instructions, so nothing has to be compiled, downloaded or
//! installed. Loading them takes CAP_BPF and CAP_PERFMON, or root; whoever uses them needs another way as well.
//! Instruction set: RFC 9669. System call: bpf(2).

mod code;
mod kernel;
mod rings;
mod types;

pub use code::{Code, Helper, If, Label, Register, Size};
pub use kernel::{Attached, Map, Program, Table};
pub use rings::{Record, Rings};
pub use types::Types;
