//! What can be wrong with a file.

use std::io;

/// Why a perf.data file cannot be read at all. Files that end early or are damaged further on give
/// what was read before, with a warning.
#[derive(Debug, thiserror::Error)]
pub enum PerfDataError {
    /// Another format.
    #[error("this is no perf.data file: it does not begin with PERFILE2")]
    OtherFormat,
    /// The first format of perf, before 2.6.38.
    #[error("this perf.data file was written by a perf of before 2011")]
    TooOld,
    /// Written where numbers begin with the other end.
    #[error("this perf.data file was written on a machine of the other byte order (big-endian)")]
    ByteOrder,
    /// What says how to read the rest is damaged.
    #[error("byte {offset}: {what}")]
    Damaged {
        /// Where, in bytes from the beginning of the file.
        offset: u64,
        /// What is wrong there.
        what: &'static str,
    },
    /// Told by the caller.
    #[error("reading was stopped")]
    Stopped,
    /// The source failed.
    #[error("the file cannot be read: {0}")]
    Source(#[from] io::Error),
}
