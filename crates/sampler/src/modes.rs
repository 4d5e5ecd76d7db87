//! The ways to sample a process, best first. Which one works is found out by trying.

use std::collections::HashSet;
use std::io;
use std::os::fd::OwnedFd;

use crate::error::SampleError;
use crate::process::{family, online_cpus, paranoid, threads};
use crate::records::SAMPLE_TYPE;
use crate::sys::{self, Attributes, ManyFiles, Ring};

/// How a process is sampled.
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

    /// The mode in words.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::EveryCpu => "perf cpu-clock on every CPU, kernel and user stacks",
            Self::PerThread => "perf cpu-clock per thread, kernel and user stacks",
            Self::PerThreadUserOnly => "perf cpu-clock per thread, user stacks only",
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

    fn attributes(self, period_ns: u64) -> Attributes {
        let common = sys::FLAG_DISABLED
            | sys::FLAG_EXCLUDE_HYPERVISOR
            | sys::FLAG_EXCLUDE_IDLE
            | sys::FLAG_MMAP
            | sys::FLAG_MMAP2
            | sys::FLAG_COMM
            | sys::FLAG_COMM_EXEC
            | sys::FLAG_TASK
            | sys::FLAG_WATERMARK
            | sys::FLAG_SAMPLE_ID_ALL
            | sys::FLAG_USE_CLOCK_ID;
        let own = match self {
            Self::EveryCpu => 0,
            Self::PerThread => sys::FLAG_INHERIT,
            Self::PerThreadUserOnly => {
                sys::FLAG_INHERIT | sys::FLAG_EXCLUDE_KERNEL | sys::FLAG_EXCLUDE_CALLCHAIN_KERNEL
            }
        };
        Attributes {
            kind: sys::KIND_SOFTWARE,
            config: sys::SOFTWARE_CPU_CLOCK,
            sample_period: period_ns,
            sample_type: SAMPLE_TYPE,
            flags: common | own,
            // Nobody is woken by the ring: it is emptied by the clock.
            wakeup: u32::MAX,
            clock_id: libc::CLOCK_MONOTONIC,
            ..Attributes::default()
        }
    }
}

/// Open events with their rings, one a CPU.
pub(crate) struct Events {
    pub(crate) mode: Mode,
    events: Vec<OwnedFd>,
    pub(crate) rings: Vec<Ring>,
    /// Behind the events, so that it outlives them.
    many_files: Option<ManyFiles>,
}

impl Events {
    /// Opens the best mode that works, disabled.
    pub(crate) fn open(pid: i32, period_ns: u64) -> Result<Self, SampleError> {
        let mut tried: Vec<String> = Vec::new();
        for mode in Mode::ALL {
            match Self::open_mode(mode, pid, period_ns) {
                Ok(events) => return Ok(events),
                Err(error) => tried.push(error.to_string()),
            }
        }
        tried.dedup();
        if threads(pid).is_empty() {
            return Err(SampleError::NoProcess(pid));
        }
        Err(SampleError::NotPermitted {
            pid,
            paranoid: paranoid(),
            said: tried.join("; "),
        })
    }

    /// Opens one mode, disabled.
    pub(crate) fn open_mode(mode: Mode, pid: i32, period_ns: u64) -> io::Result<Self> {
        let mut events = Self {
            mode,
            events: Vec::new(),
            rings: Vec::new(),
            many_files: None,
        };
        let attributes = mode.attributes(period_ns);
        let cpus = online_cpus();
        match mode {
            Mode::EveryCpu => events.open_for(-1, &attributes, &cpus)?,
            Mode::PerThread | Mode::PerThreadUserOnly => {
                events.many_files = Some(ManyFiles::permit());
                events.open_threads(pid, &attributes, &cpus)?;
            }
        }
        Ok(events)
    }

    pub(crate) fn enable(&self) -> io::Result<()> {
        self.events.iter().try_for_each(sys::enable)
    }

    /// Stops and closes the events; what the rings hold can still be read.
    pub(crate) fn close(&mut self) -> io::Result<()> {
        let events = std::mem::take(&mut self.events);
        let disabled = events.iter().try_for_each(sys::disable);
        drop(events);
        self.many_files = None;
        disabled
    }

    /// Opens the threads of a process and its descendants, again and again until no new ones
    /// appear: threads that an opened one starts later inherit its events.
    fn open_threads(&mut self, pid: i32, attributes: &Attributes, cpus: &[i32]) -> io::Result<()> {
        let mut known = HashSet::new();
        loop {
            let all = family(pid).into_iter().flat_map(threads);
            let new: Vec<i32> = all.filter(|tid| !known.contains(tid)).collect();
            if new.is_empty() {
                break;
            }
            for tid in new {
                known.insert(tid);
                match self.open_for(tid, attributes, cpus) {
                    Err(error) if error.raw_os_error() == Some(libc::ESRCH) => {}
                    outcome => outcome?,
                }
            }
        }
        if self.events.is_empty() {
            return Err(io::Error::from_raw_os_error(libc::ESRCH));
        }
        Ok(())
    }

    /// Opens a thread (-1: all) on each CPU. The first event of a CPU owns its ring.
    fn open_for(&mut self, tid: i32, attributes: &Attributes, cpus: &[i32]) -> io::Result<()> {
        // All or none, so that the owners stand first and in the order of the CPUs.
        let opened = cpus.iter().map(|&cpu| sys::open(attributes, tid, cpu));
        for (row, event) in opened
            .collect::<io::Result<Vec<OwnedFd>>>()?
            .into_iter()
            .enumerate()
        {
            match self.events.get(row) {
                Some(owner) => sys::redirect(&event, owner)?,
                None => self.rings.push(Ring::map(&event)?),
            }
            self.events.push(event);
        }
        Ok(())
    }
}
