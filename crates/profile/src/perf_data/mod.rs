//! perf.data, as `perf record` writes it: to a file or to a pipe, plain or packed with zstd.
//!
//! ```text
//! source ─► window ─► records ─► unpack ─► rounds (order of time) ─► collect ─► Folder ─► Profile
//!             header, events, tracepoint formats ─────────────────────┘ └─► switches: times off the CPU
//! ```
//!
//! Samples of several events become columns of one profile: `samples` and `cpu` of a clock, `samples`
//! and the count of a processor's counter, `switches`, `blocked` and `runnable` of sched_switch (one
//! sample is one time off the CPU, with the stack at which the thread left), `faults`, and one column
//! of occurrences for each other event. Times are those of the recording's clock.
//!
//! Why not the crate linux-perf-data: it copies every record into a buffer of its own, takes longer
//! than all of this together, believes lengths in the file when it reserves memory, and gives up at
//! the first damaged record.

mod attributes;
mod collect;
mod columns;
mod error;
mod events;
mod fields;
mod header;
mod read;
mod rounds;
mod sample;
mod switches;
mod tracing;
mod unpack;
mod window;

pub use error::PerfDataError;

/// Longer paths are cut.
const LONGEST_PATH: usize = 4_096;
