//! Counting events of a process over all its threads and descendants, present and future.
//!
//! Each thread that is there has an event of its own, which threads and processes that it starts inherit; the kernel
//! adds up what they count. Nobody is interrupted for it.

use std::collections::HashSet;
use std::io;
use std::os::fd::OwnedFd;

use crate::error::SampleError;
use crate::event::Event;
use crate::process::{family, paranoid, process_of, threads};
use crate::sys::{self, Attributes, ManyFiles};

/// How often opening begins anew because threads were started meanwhile: whether those inherit cannot be told.
const MOST_OPENINGS: usize = 8;

/// What an event came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Count {
    /// The event.
    pub event: Event,
    /// How often it happened: what was counted, extended to all the time in which threads ran.
    pub count: u64,
    /// How often it happened while it had a counter.
    pub counted: u64,
    /// Nanoseconds in which threads ran, all together.
    pub enabled_ns: u64,
    /// Of these, while it had a counter: processors have few, and the kernel lends them in turn.
    pub running_ns: u64,
}

/// Counts events of a process; nothing is counted before `start`.
pub struct Counters {
    events: Vec<Event>,
    refused: Vec<(Event, String)>,
    /// One for each thread and event, that by its place in `events`.
    opened: Vec<(usize, Vec<OwnedFd>)>,
    kernel: bool,
    missed_threads: bool,
    was_started: bool,
    /// Behind the events, so that it outlives them.
    _many_files: ManyFiles,
}

impl Counters {
    /// Opens those of the events that there are; which are refused, and why, [`Counters::refused`] tells.
    ///
    /// Where the kernel's part may not be counted, that of the program alone is, of all events alike.
    ///
    /// # Errors
    /// No such process, or more threads than files may be open.
    pub fn open(pid: i32, events: &[Event]) -> Result<Self, SampleError> {
        let pid = process_of(pid).ok_or(SampleError::NoProcess(pid))?;
        let many_files = ManyFiles::permit();
        let mut kernel = true;
        let mut tried = try_all(pid, events, kernel);
        if tried.iter().any(|(_, outcome)| is_refusal(outcome)) {
            kernel = false;
            tried = try_all(pid, events, kernel);
        }
        let mut counters = Self {
            events: Vec::new(),
            refused: Vec::new(),
            opened: Vec::new(),
            kernel,
            missed_threads: false,
            was_started: false,
            _many_files: many_files,
        };
        for (event, outcome) in tried {
            match outcome {
                Ok(()) => counters.events.push(event),
                gone if has_ended(&gone) => return Err(SampleError::NoProcess(pid)),
                Err(error) => counters.refused.push((event, reason(&error))),
            }
        }
        counters
            .open_threads(pid)
            .map_err(|error| SampleError::System("opening counters", error))?;
        Ok(counters)
    }

    /// Events that cannot be counted, with the reason of each.
    #[must_use]
    pub fn refused(&self) -> &[(Event, String)] {
        &self.refused
    }

    /// Whether what the kernel does for the process counts as well.
    #[must_use]
    pub fn counts_kernel(&self) -> bool {
        self.kernel
    }

    /// Whether threads were started all the while counters were opened: some may not be counted.
    #[must_use]
    pub fn missed_threads(&self) -> bool {
        self.missed_threads
    }

    /// Begins to count.
    ///
    /// # Errors
    /// If it was started before, or the kernel refuses.
    pub fn start(&mut self) -> Result<(), SampleError> {
        if std::mem::replace(&mut self.was_started, true) {
            return Err(SampleError::Order("was started before"));
        }
        self.each(sys::enable)
            .map_err(|error| SampleError::System("starting the counters", error))
    }

    /// What was counted so far, in the order in which the events were named. Works as well when the process has ended.
    ///
    /// # Errors
    /// If the kernel refuses.
    pub fn read(&self) -> Result<Vec<Count>, SampleError> {
        let mut counts: Vec<Count> = self.events.iter().map(|&event| nothing(event)).collect();
        for (at, units) in &self.opened {
            let read: io::Result<Vec<[u64; 3]>> = units.iter().map(sys::read_count).collect();
            let read = read.map_err(|error| SampleError::System("reading the counters", error))?;
            if let Some(count) = counts.get_mut(*at) {
                add(count, &read);
            }
        }
        Ok(counts)
    }

    /// Ends counting and returns what was counted.
    ///
    /// # Errors
    /// If the kernel refuses.
    pub fn stop(&mut self) -> Result<Vec<Count>, SampleError> {
        self.each(sys::disable)
            .map_err(|error| SampleError::System("stopping the counters", error))?;
        let counts = self.read();
        self.opened.clear();
        counts
    }

    fn each(&self, action: impl Fn(&OwnedFd) -> io::Result<()>) -> io::Result<()> {
        let mut all = self.opened.iter().flat_map(|(_, units)| units);
        all.try_for_each(action)
    }

    /// Opens the events of all threads, anew until none was started meanwhile. A thread that is started between two
    /// events may inherit the first and not the second, so opening further ones for it would count some twice.
    fn open_threads(&mut self, pid: i32) -> io::Result<()> {
        for _ in 0..MOST_OPENINGS {
            let there = threads_of_family(pid);
            self.opened.clear();
            for &tid in &there {
                self.open_thread(tid)?;
            }
            self.missed_threads = !threads_of_family(pid).is_subset(&there);
            if !self.missed_threads {
                break;
            }
        }
        Ok(())
    }

    fn open_thread(&mut self, tid: i32) -> io::Result<()> {
        for (at, &event) in self.events.iter().enumerate() {
            match open_event(event, tid, self.kernel) {
                gone if has_ended(&gone) => break,
                opened => self.opened.push((at, opened?)),
            }
        }
        Ok(())
    }
}

fn threads_of_family(pid: i32) -> HashSet<i32> {
    family(pid).into_iter().flat_map(threads).collect()
}

/// Opens each event for the first thread of a process that has not ended.
fn try_all(pid: i32, events: &[Event], kernel: bool) -> Vec<(Event, io::Result<()>)> {
    let tried = events.iter().map(|&event| {
        let mut outcomes = threads(pid)
            .into_iter()
            .map(|tid| open_event(event, tid, kernel).map(drop))
            .filter(|outcome| !has_ended(outcome));
        let outcome = outcomes.next();
        (
            event,
            outcome.unwrap_or_else(|| Err(io::Error::from_raw_os_error(libc::ESRCH))),
        )
    });
    tried.collect()
}

fn has_ended<T>(outcome: &io::Result<T>) -> bool {
    code(outcome) == Some(libc::ESRCH)
}

fn code<T>(outcome: &io::Result<T>) -> Option<i32> {
    outcome.as_ref().err().and_then(io::Error::raw_os_error)
}

/// Opens an event of a thread, on each kind of cores that counts it.
fn open_event(event: Event, tid: i32, kernel: bool) -> io::Result<Vec<OwnedFd>> {
    let user_only = if kernel { 0 } else { sys::FLAG_EXCLUDE_KERNEL };
    let open = |config| {
        let attributes = Attributes {
            kind: event.kind,
            config,
            read_format: sys::READ_TIMES,
            flags: sys::FLAG_DISABLED
                | sys::FLAG_INHERIT
                | sys::FLAG_EXCLUDE_HYPERVISOR
                | user_only,
            ..Attributes::default()
        };
        sys::open(&attributes, tid, -1)
    };
    let on_units: Vec<OwnedFd> = event.configs().into_iter().flat_map(open).collect();
    match on_units.is_empty() {
        // Kernels that know no numbers of units refuse them; and the error of the plain number is the one to be told.
        true => open(event.config).map(|only| vec![only]),
        false => Ok(on_units),
    }
}

fn is_refusal<T>(outcome: &io::Result<T>) -> bool {
    matches!(code(outcome), Some(libc::EACCES | libc::EPERM))
}

fn reason(error: &io::Error) -> String {
    match error.raw_os_error() {
        Some(libc::ENOENT) => "the machine has none, as most virtual machines (ENOENT)".to_owned(),
        Some(libc::EOPNOTSUPP) => "this processor does not count it (EOPNOTSUPP)".to_owned(),
        Some(libc::EACCES | libc::EPERM) => {
            format!(
                "not permitted (kernel.perf_event_paranoid is {})",
                paranoid()
            )
        }
        _ => error.to_string(),
    }
}

fn nothing(event: Event) -> Count {
    Count {
        event,
        count: 0,
        counted: 0,
        enabled_ns: 0,
        running_ns: 0,
    }
}

/// Adds what one thread with its descendants came to. Its units are enabled at the same time, each while it runs
/// anywhere, but count only on their kind of cores.
fn add(count: &mut Count, units: &[[u64; 3]]) {
    let counted = units.iter().map(|unit| unit[0]).sum();
    let enabled_ns = units.iter().map(|unit| unit[1]).max().unwrap_or(0);
    let running_ns = units
        .iter()
        .map(|unit| unit[2])
        .sum::<u64>()
        .min(enabled_ns);
    count.counted += counted;
    count.enabled_ns += enabled_ns;
    count.running_ns += running_ns;
    count.count += extended(counted, enabled_ns, running_ns);
}

/// What would have been counted if it had had a counter all the time.
fn extended(counted: u64, enabled_ns: u64, running_ns: u64) -> u64 {
    let all = u128::from(counted) * u128::from(enabled_ns);
    let extended = all.checked_div(u128::from(running_ns)).unwrap_or(0);
    u64::try_from(extended).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_counter_that_was_lent_to_others_is_extended_thread_by_thread() {
        let mut count = nothing(Event::CYCLES);
        add(&mut count, &[[50, 1_000, 500]]);
        add(&mut count, &[[1_000, 1_000, 1_000]]);
        add(&mut count, &[[0, 10, 0]]);
        let found = (
            count.count,
            count.counted,
            count.enabled_ns,
            count.running_ns,
        );
        assert_eq!(found, (1_100, 1_050, 2_010, 1_500));
    }

    #[test]
    fn kinds_of_cores_add_up_without_being_extended() {
        let mut count = nothing(Event::CYCLES);
        add(&mut count, &[[300, 1_000, 600], [100, 1_000, 400]]);
        assert_eq!((count.count, count.running_ns), (400, 1_000));
    }

    #[test]
    fn the_largest_counts_do_not_overflow() {
        assert_eq!(extended(u64::MAX, u64::MAX, 1), u64::MAX);
        assert_eq!(extended(u64::MAX, 7, 7), u64::MAX);
    }

    #[test]
    fn reasons_name_what_the_kernel_said() {
        let told = |code| reason(&io::Error::from_raw_os_error(code));
        assert!(told(libc::ENOENT).contains("ENOENT"));
        assert!(told(libc::EOPNOTSUPP).contains("EOPNOTSUPP"));
        assert!(told(libc::EACCES).contains("kernel.perf_event_paranoid is"));
        assert!(told(libc::EMFILE).contains("open files"));
    }
}
