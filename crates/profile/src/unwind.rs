//! Who finds callers while a recording is read: that takes binaries, and nothing is opened here.

use std::ops::Range;

/// Executable memory of a process that shows a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mapped<'a> {
    /// Process.
    pub pid: i32,
    /// Addresses.
    pub range: Range<u64>,
    /// Offset in the file that is seen at their beginning.
    pub file_offset: u64,
    /// Path of the file, or a name in brackets.
    pub path: &'a str,
    /// Build ID of the file in hex; empty where unknown.
    pub build_id: &'a str,
    /// Whether the code is that of 64-bit Arm, else of 64-bit x86.
    pub is_arm: bool,
}

/// Completes the chains of samples that carry registers and a copy of the stack. It hears of mappings and
/// processes in the order of time.
pub trait Unwind {
    /// A process mapped executable memory.
    fn map(&mut self, mapped: &Mapped<'_>);
    /// A child begins with the memory of its parent.
    fn fork(&mut self, parent: i32, child: i32);
    /// A process replaced its program, or ended.
    fn forget(&mut self, pid: i32);
    /// Completes the user part of a chain with context marks, leaf first. `record` is the end of the sample's
    /// record, with the registers of `mask`.
    fn complete(&mut self, pid: i32, mask: u64, record: &[u8], addresses: &mut Vec<u64>);
}

/// Leaves chains as the kernel wrote them.
pub(crate) struct AsRecorded;

impl Unwind for AsRecorded {
    fn map(&mut self, _: &Mapped<'_>) {}
    fn fork(&mut self, _: i32, _: i32) {}
    fn forget(&mut self, _: i32) {}
    fn complete(&mut self, _: i32, _: u64, _: &[u8], _: &mut Vec<u64>) {}
}
