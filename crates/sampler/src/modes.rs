//! The ways to sample a process, best first. Which one works is found out by trying.

use crate::sys;

/// Which threads the events belong to, and how much of a stack they see.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// One event a CPU for all processes, filtered here: new threads cost nothing.
    EveryCpu,
    /// Events of each thread, inherited by new threads.
    PerThread,
    /// The same without the kernel's part, as an ordinary user may.
    PerThreadUserOnly,
}

impl Mode {
    /// All modes, best first.
    pub const ALL: [Self; 3] = [Self::EveryCpu, Self::PerThread, Self::PerThreadUserOnly];

    /// The mode in words, as it ends a sentence that begins with the clock.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::EveryCpu => "on every CPU, kernel and user stacks",
            Self::PerThread => "per thread, kernel and user stacks",
            Self::PerThreadUserOnly => "per thread, user stacks only",
        }
    }

    /// What is lost against the best mode, and how to get it back; empty: nothing.
    #[must_use]
    pub fn lost_note(self) -> &'static str {
        match self {
            Self::EveryCpu => "",
            Self::PerThread => {
                "new threads start more slowly while sampled; kernel.perf_event_paranoid=0 or CAP_PERFMON avoids that"
            }
            Self::PerThreadUserOnly => {
                "CPU time inside the kernel is not sampled, and new threads start more slowly while sampled; \
                 kernel.perf_event_paranoid=1 or CAP_PERFMON shows kernel time"
            }
        }
    }

    pub(crate) fn flags(self) -> u64 {
        match self {
            Self::EveryCpu => 0,
            Self::PerThread => sys::FLAG_INHERIT,
            Self::PerThreadUserOnly => {
                sys::FLAG_INHERIT | sys::FLAG_EXCLUDE_KERNEL | sys::FLAG_EXCLUDE_CALLCHAIN_KERNEL
            }
        }
    }
}

/// How time off the CPU is seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OffCpu {
    /// Programs of ours at the scheduler's tracepoints: stacks, and wake-ups, of the sampled processes only.
    Programs,
    /// Events at the same tracepoints, which cost the sampled processes more.
    Tracepoints,
    /// Records of context switches, which need no tracepoints and bring no stacks.
    SwitchRecords,
}

impl OffCpu {
    /// All ways, best first.
    pub const ALL: [Self; 3] = [Self::Programs, Self::Tracepoints, Self::SwitchRecords];

    /// The way in words.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            // Unwinding the kernel's part costs as much as all the rest of a record. For most waits the
            // system call at the user's leaf says as much; for the disk only the kernel's part does.
            Self::Programs => {
                "off-CPU by BPF programs at sched_switch and sched_wakeup, user stacks, kernel stacks of uninterruptible waits"
            }
            Self::Tracepoints => {
                "off-CPU by sched_switch and sched_wakeup, user stacks, kernel stacks of uninterruptible waits"
            }
            Self::SwitchRecords => "off-CPU by context-switch records, no stacks",
        }
    }

    /// What is lost against the best way, and how to get it back; empty: nothing. `copies`: of stacks are wanted, which
    /// only events make.
    #[must_use]
    pub fn lost_note(self, copies: bool) -> &'static str {
        match self {
            Self::Programs if copies => {
                "stacks at which threads left the CPU end at code without frame pointers; a readable /sys/kernel/tracing, \
                 as after `mount -t tracefs tracefs /sys/kernel/tracing`, shows them whole"
            }
            Self::Programs => "",
            Self::Tracepoints if copies => "",
            Self::Tracepoints => {
                "a context switch costs the process two to three times as much more; Linux 5.18 with root or CAP_BPF avoids that"
            }
            Self::SwitchRecords => {
                "time off the CPU has no stacks, and blocked time contains the wait for a CPU after the wake-up; \
                 root, or CAP_PERFMON with a readable /sys/kernel/tracing, shows both"
            }
        }
    }
}
