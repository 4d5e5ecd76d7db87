//! Execution traces of Go, as `runtime/trace` and the flight recorder write them since Go 1.22.
//!
//! A trace is a row of *generations*, about a second each. Each holds batches of events, one thread's each, and its own
//! tables of texts and stacks, so memory depends on the largest generation and not on the trace:
//!
//! ```text
//! bytes ─► input ─► generation: batches by thread, dictionary, clock
//!                        └─► frontier: the next event of each thread, by time
//!                                 └─► machine: who runs what; says which event may come next
//!                                          └─► Sink: intervals, spans, levels, samples ─► Summary, Delays, Intervals
//! ```
//!
//! Clocks of threads differ, so times alone do not order events. Goroutines, processors and garbage collections carry
//! sequence numbers; an event waits until its number follows the one before. The order and the times are those of Go's
//! own reader, to the nanosecond. Unlike it, this one reads on where a trace was cut or has lost batches, and says so.
//!
//! Format: Go 1.26, `internal/trace/tracev2`; the rules of order: `internal/trace/order.go`.
//!
//! Pure: bytes in, values out. Hostile input gives an error or a warning, never a panic, in bounded memory.

#![forbid(unsafe_code)]

mod batches;
mod delays;
mod dictionary;
mod events;
mod frontier;
mod generation;
mod input;
mod intervals;
mod limits;
mod machine;
mod names;
mod read;
mod report;
mod sink;
mod summary;
mod varint;

pub use delays::{CpuSamples, Delays};
pub use generation::ClockSnapshot;
pub use intervals::{IntervalColumns, IntervalTexts, Intervals};
pub use limits::{Limits, TraceError};
pub use names::{Frame, Names, StackId, TextId};
pub use read::{Outcome, read};
pub use report::{
    GcReport, GoroutineReport, GroupReport, HeapReport, ProcReport, ReasonReport, Report,
    SpanReport, StateReport,
};
pub use sink::{CpuSample, Ended, Interval, Level, Log, Sink, Span, SpanKind, State};
pub use summary::Summary;
