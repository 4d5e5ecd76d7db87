//! Workload and seed compiled into an immutable schedule.
//!
//! A schedule is one file: what is sent, and when, to the nanosecond. The same specification, blobs,
//! trace and seed give the same bytes on every machine: randomness is ChaCha20 with a stream of its
//! own for every purpose, the mathematics is `libm`'s, and everything is little-endian.
//!
//! ```text
//! header      88 bytes, see `format`; then what is sent first on each connection
//! operations  weight f64, time-out u64, lowest and highest good status u16, length of name u16,
//!             digest there u16, length of expected text u32, digest, name, expected text
//! pool        records (length u32, operation u32) of payloads that many requests share; their bytes
//! chunks      entries u32, bytes of payloads u32, index of the first entry u64;
//!             entries: intended start u64 (ns), payload u32, operation u16, flags u16, and for
//!             sessions: session u32, think time u64 (ns);
//!             payloads of these entries alone, each behind its length u32
//! ```
//!
//! [`compile`] writes and [`verify`] reads all of it with flat memory; a player reads the [`Plan`],
//! then one [`Chunk`] after another. Whatever does not add up is refused.

#![forbid(unsafe_code)]

mod arrivals;
mod busiest;
mod chunk;
mod compile;
mod encode;
mod error;
mod format;
mod generators;
mod payloads;
mod plan;
mod random;
mod spec;
mod template;
mod verify;
mod view;
mod writer;

pub use arrivals::OpenTrace;
pub use chunk::{Chunk, Entry};
pub use compile::{Compiled, compile};
pub use encode::Messages;
pub use error::ScheduleError;
pub use plan::{Expect, Framing, Operation, Plan};
pub use spec::{
    Arrival, BlobRange, Distribution, Encode, ExpectSpec, FramingSpec, Generator, Number,
    OperationSpec, Part, Protocol, SessionsSpec, Shape, Spec, TraceSpec,
};
pub use verify::{Verified, verify};
pub use view::{Sizes, View, view};
