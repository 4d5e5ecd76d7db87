//! Why a process cannot be sampled, and what to do about it.

use std::io;

use thiserror::Error;

/// Why a process cannot be sampled.
#[derive(Debug, Error)]
pub enum SampleError {
    /// There is no such process.
    #[error("process {0} does not exist")]
    NoProcess(i32),
    /// The frequency is not usable.
    #[error("{0} Hz is not a sampling frequency: use 1 to 100000, or 0 with other events only")]
    Frequency(u32),
    /// The kernel refused every mode.
    #[error("process {pid} may not be sampled (kernel.perf_event_paranoid is {paranoid}): {said}")]
    NotPermitted {
        /// The process.
        pid: i32,
        /// The kernel's setting, or `unknown`.
        paranoid: String,
        /// What the kernel said, mode by mode, equal answers once.
        said: String,
    },
    /// No event is known by this name.
    #[error("no event is named {0:?}")]
    NoEvent(String),
    /// Programs that would record socket calls are not permitted, or this kernel has no place for them.
    #[error("socket calls cannot be seen: {0}")]
    NoCalls(io::Error),
    /// `start` and `stop` were called out of order.
    #[error("the sampler {0}")]
    Order(&'static str),
    /// A system call failed.
    #[error("{0}: {1}")]
    System(&'static str, io::Error),
    /// The draining thread ended early.
    #[error("the thread that drains samples ended early")]
    Thread,
}

impl SampleError {
    /// What the user can do; empty if nothing.
    #[must_use]
    pub fn hint(&self) -> &'static str {
        match self {
            Self::NotPermitted { .. } => {
                "lower it with `sudo sysctl kernel.perf_event_paranoid=1`, or run as the user who owns the process \
                 with CAP_PERFMON; in a container, allow the perf_event_open system call"
            }
            Self::NoCalls(_) => {
                "request windows need Linux 6.3 or later, and root or CAP_BPF with CAP_PERFMON"
            }
            Self::NoProcess(_) => "look the number up again: the process may have ended",
            _ => "",
        }
    }
}
