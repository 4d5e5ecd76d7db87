//! Threads by number, with the names they had.

use crate::strings::StringId;

/// One thread.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ThreadRow {
    /// Thread.
    pub tid: i32,
    /// Its process.
    pub pid: i32,
    /// Its name; empty where unknown.
    pub name: StringId,
}
