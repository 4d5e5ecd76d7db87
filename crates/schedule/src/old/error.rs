//! What can be wrong with a specification or a schedule file.

use thiserror::Error;

/// Why a schedule was not compiled or is not read.
#[derive(Debug, Error)]
pub enum ScheduleError {
    /// The specification holds an impossible value.
    #[error("impossible workload: {0}")]
    Spec(String),
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
    /// Writing failed.
    #[error("cannot write the schedule: {0}")]
    Write(#[from] std::io::Error),
}
