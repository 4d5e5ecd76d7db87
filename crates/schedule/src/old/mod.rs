//! Workload and seed compiled into an immutable schedule.
//!
//! A schedule is one file: what is sent, and when, to the nanosecond. The same specification, payload
//! pools and seed give the same bytes on every machine: randomness is ChaCha20 with one stream each
//! for gaps, operations and payloads, the logarithm is `libm`'s, and everything is little-endian.
//!
//! ```text
//! header      96 bytes, see `format`
//! operations  weight f64, time-out u64, expected status u16, length of name u16, name
//! payloads    one record of 16 bytes each: offset u64, length u32, operation u32
//! blob        the payload bytes, zero-padded to a multiple of 16
//! entries     one record of 16 bytes each: intended start u64 (ns), payload u32, operation u32
//! ```
//!
//! [`compile`] writes with flat memory, [`Schedule`] reads from bytes and refuses whatever does not add up.

mod arrivals;
mod error;
mod format;
mod reader;
mod spec;
mod writer;

pub use error::ScheduleError;
pub use reader::{Entry, Operation, Schedule};
pub use spec::{Arrival, OperationSpec, Spec};
pub use writer::{Compiled, compile, sha256};
