//! What a recording says of its kernel, which need not be the one that runs where it is read.

use std::ops::Range;

/// The kernel of a recording.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RecordedKernel {
    /// Release, as `uname -r` says; empty where unknown.
    pub release: String,
    /// A symbol and its address then: each boot may place the kernel elsewhere. Empty where unknown.
    pub symbol: String,
    /// See `symbol`.
    pub address: u64,
    /// The kernel's own code, without its modules.
    pub code: Range<u64>,
}
