//! Live perf events: on-CPU stacks of any process, without the `perf` program.
//!
//! ```text
//! modes (by trying) ─► sys (events, rings) ─► session (one thread drains and folds)
//!                                               └─► profile::Folder ─► symbolize ─► Profile
//! ```
//!
//! The events tick on CPU time (`cpu-clock`), which needs no hardware counters. Stacks come from
//! the kernel's frame-pointer unwinder. Time stamps are CLOCK_MONOTONIC.

mod capability;
mod error;
mod modes;
mod process;
mod records;
mod sampler;
mod session;
mod sys;

pub use capability::{Capability, ModeTrial, Trial, capability};
pub use error::SampleError;
pub use modes::Mode;
pub use sampler::Sampler;
