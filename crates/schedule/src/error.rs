//! What can be wrong with a specification, a trace or a schedule file.

use thiserror::Error;

/// Why a schedule was not compiled or is not read.
#[derive(Debug, Error)]
pub enum ScheduleError {
    /// The specification holds an impossible value.
    #[error("impossible workload: {0}")]
    Spec(String),
    /// A line of the trace cannot be replayed.
    #[error("trace, line {line}: {problem}")]
    Trace {
        /// Number of the line, the one with the names of the columns being 1.
        line: u64,
        /// What is wrong with it.
        problem: String,
    },
    /// The bytes are not a schedule, are cut short, or contradict themselves.
    #[error("not a usable schedule: {0}")]
    Format(String),
    /// The bytes are a schedule of a version this build does not read.
    #[error("the schedule has format version {found}, this build reads version {supported}")]
    Version {
        /// Version found in the header.
        found: u32,
        /// Version that this build writes and reads.
        supported: u32,
    },
    /// Reading a schedule or a trace failed.
    #[error("cannot read: {0}")]
    Read(std::io::Error),
    /// Writing failed.
    #[error("cannot write the schedule: {0}")]
    Write(std::io::Error),
}

/// Returns the error of an impossible specification unless `condition` holds.
pub(crate) fn require(
    condition: bool,
    message: impl FnOnce() -> String,
) -> Result<(), ScheduleError> {
    if condition {
        Ok(())
    } else {
        Err(ScheduleError::Spec(message()))
    }
}

/// A file that does not add up.
pub(crate) fn wrong(message: impl Into<String>) -> ScheduleError {
    ScheduleError::Format(message.into())
}
