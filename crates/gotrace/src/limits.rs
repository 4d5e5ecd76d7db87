//! Why a trace cannot be read, and how much of one is held.

use std::io;

use thiserror::Error;

/// Why a trace cannot be read at all.
#[derive(Debug, Error)]
pub enum TraceError {
    /// The first bytes are other ones.
    #[error("it does not begin as an execution trace of Go does")]
    NotATrace,
    /// Its format is another one.
    #[error("it has the format of Go 1.{0}, which is not read; those of Go 1.22 to 1.26 are")]
    Version(u32),
    /// The source fails.
    #[error("reading failed: {0}")]
    Io(#[from] io::Error),
    /// One generation needs too much memory.
    #[error("generation {generation} is larger than {limit} bytes")]
    TooLarge {
        /// Its number.
        generation: u64,
        /// What is allowed.
        limit: usize,
    },
    /// Too many are alive.
    #[error("more than {limit} {what} exist at once")]
    TooMany {
        /// Of what.
        what: &'static str,
        /// What is allowed.
        limit: usize,
    },
}

/// What is held at most.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Bytes of one generation; below 4 GiB. Go begins a new one each second.
    pub generation_bytes: usize,
    /// Goroutines that exist at once; as many user tasks, threads and open regions.
    pub goroutines: usize,
    /// Frames of all different stacks together; what is beyond has no stack, and is told.
    pub stack_frames: usize,
    /// Bytes of all different texts together; what is beyond is empty, and is told.
    pub text_bytes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            generation_bytes: 1 << 30,
            goroutines: 1 << 22,
            stack_frames: 1 << 24,
            text_bytes: 1 << 27,
        }
    }
}
