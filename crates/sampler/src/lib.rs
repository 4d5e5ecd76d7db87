//! Live perf events: what the threads of any process do, without the `perf` program.
//!
//! ```text
//! modes (by trying) ─► events, sys (rings) ─┬► sources ─► session (one thread drains and folds)
//!                      programs (BPF rings) ┘
//!                                               ├─► profile::Folder: stacks on the CPU, of page faults
//!                                               │    ▲ callers that frame pointers lack
//!                                               └─► switches ─► states of threads, stacks off the CPU
//! ```
//!
//! Apart from that, `sockets` records the calls of a service on connections with its port, and `counters` counts
//! without sampling.
//!
//! CPU time is counted by hardware cycles where there are any, else by the kernel's `cpu-clock`. Stacks
//! come from the kernel's frame-pointer unwinder. Time stamps are CLOCK_MONOTONIC. Where no event may be
//! opened, `proc_sampling` looks at the states of threads.

mod best;
mod capability;
mod contexts;
mod counters;
mod error;
mod event;
mod events;
mod family;
mod making;
mod modes;
mod names;
mod proc_sampling;
mod proc_sampling_fold;
mod proc_sampling_frames;
mod proc_sampling_read;
mod process;
mod programs;
mod records;
mod sampler;
mod sampling;
mod session;
mod sockets;
mod sources;
mod spare;
mod states;
mod switches;
mod sys;
mod threads;
mod tracepoints;
mod user_walk;
mod wait_ends;
mod waking;

pub use best::BestSampler;
pub use capability::{Capability, ModeTrial, Trial, capability};
pub use counters::{Count, Counters};
pub use error::SampleError;
pub use event::{Event, Sampled};
pub use events::Wanted;
pub use modes::{Mode, OffCpu};
pub use proc_sampling::ProcSampler;
pub use sampler::Sampler;
pub use sampling::{Sampling, ThreadTimes};
pub use sockets::{SocketCall, SocketCalls, SocketLog};
pub use wait_ends::{WaitEnd, WaitEnds};
pub use waking::{Context, Waker};
