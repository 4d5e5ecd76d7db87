//! What came of sampling.

use profile::Profile;

use crate::wait_ends::WaitEnds;

/// What one thread did, in nanoseconds that add up to `wall_ns`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ThreadTimes {
    /// Thread; 0 in the row that sums ended threads.
    pub tid: i32,
    /// Its process.
    pub pid: i32,
    /// Its last name.
    pub name: String,
    /// From the start of sampling, or of the thread, to the end of either.
    pub wall_ns: i64,
    /// It ran.
    pub on_cpu_ns: i64,
    /// It could run, but waited for a CPU.
    pub runnable_ns: i64,
    /// It waited for something else.
    pub blocked_ns: i64,
    /// How often it left the CPU.
    pub switches: u64,
    /// Time that could not be attributed.
    pub residue_ns: i64,
}

impl ThreadTimes {
    pub(crate) fn add(&mut self, other: &Self) {
        self.wall_ns += other.wall_ns;
        self.on_cpu_ns += other.on_cpu_ns;
        self.runnable_ns += other.runnable_ns;
        self.blocked_ns += other.blocked_ns;
        self.switches += other.switches;
        self.residue_ns += other.residue_ns;
    }
}

/// What came of sampling, from `start` to `stop`.
#[derive(Clone, Default)]
pub struct Sampling {
    /// Stacks on the CPU, if they were asked for: samples, and CPU nanoseconds.
    pub on_cpu: Option<Profile>,
    /// Stacks at which threads left the CPU, if they were asked for: switches, blocked nanoseconds (until
    /// the wake-up), runnable nanoseconds (until it ran again). One sample is one interval.
    pub off_cpu: Option<Profile>,
    /// Stacks at which an event happened, if one was asked for: how often; if one in many was sampled, before that
    /// how many were.
    pub event: Option<Profile>,
    /// The states of the threads; empty without off-CPU.
    pub threads: Vec<ThreadTimes>,
    /// How intervals off the CPU ended; empty without off-CPU, or where that cannot be seen.
    pub ends: WaitEnds,
    /// Records of any kind that the kernel had no room for.
    pub lost: u64,
    /// What the reader must know before believing the numbers.
    pub warnings: Vec<String>,
    /// How it was sampled.
    pub mode: String,
}

impl Sampling {
    /// The profiles that were asked for.
    pub(crate) fn profiles_mut(&mut self) -> impl Iterator<Item = &mut Profile> {
        [&mut self.on_cpu, &mut self.off_cpu, &mut self.event]
            .into_iter()
            .flatten()
    }
}
