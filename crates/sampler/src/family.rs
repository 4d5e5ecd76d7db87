//! Which processes are sampled.

use std::collections::HashSet;

use crate::process;

/// A process with its descendants, or all processes.
pub(crate) enum Family {
    /// All but the kernel's idle threads, which carry the number 0.
    Everyone,
    /// The root, and the root with its descendants.
    Of(i32, HashSet<i32>),
}

impl Family {
    /// The family of a process as it is now.
    pub(crate) fn of(root: i32) -> Self {
        Self::Of(root, process::family(root))
    }

    pub(crate) fn contains(&self, pid: i32) -> bool {
        match self {
            Self::Everyone => pid > 0,
            Self::Of(_, pids) => pids.contains(&pid),
        }
    }

    pub(crate) fn insert(&mut self, pid: i32) {
        if let Self::Of(_, pids) = self {
            pids.insert(pid);
        }
    }

    /// Whether it had been in.
    pub(crate) fn remove(&mut self, pid: i32) -> bool {
        match self {
            Self::Everyone => false,
            Self::Of(_, pids) => pids.remove(&pid),
        }
    }

    /// The processes that are there now, the root first: viewers take the first mapping for the program.
    pub(crate) fn present(&self) -> Vec<i32> {
        match self {
            Self::Everyone => process::processes(),
            Self::Of(root, pids) => {
                let others = pids.iter().copied().filter(|pid| pid != root);
                std::iter::once(*root).chain(others).collect()
            }
        }
    }
}
