//! Where no event may be opened: threads are looked at through `/proc`, which needs no privilege.
//!
//! A thread of its own makes the rounds, with 2 % of one CPU at most: with many threads, each
//! is looked at less often. How long threads ran and waited for a CPU is exact nevertheless, because the
//! scheduler counts it; only the places of waiting are sampled.

use std::collections::{HashSet, VecDeque};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use crate::error::SampleError;
use crate::proc_sampling_fold::StateFolder;
use crate::proc_sampling_read::ThreadFiles;
use crate::process::{family, process_of, threads};
use crate::sampling::Sampling;
use crate::sys::{monotonic_ns, thread_cpu_ns, utc_ns};

/// CPU time that looking may take, as a share of the time that passes.
const SHARE_OF_A_CPU: f64 = 0.02;
/// New threads are looked for this often, and less often if finding them takes more than a hundredth of
/// the time.
const LIST_INTERVAL_NS: i64 = 100_000_000;
/// CPU time for the first and for the last look at everyone: enough for some 3,000 threads.
const MOST_EDGE_NS: i64 = 100_000_000;
const MOST_FREQUENCY_HZ: u32 = 1_000;

/// States of all threads of a process and its descendants, without any privilege.
pub struct ProcSampler {
    pid: i32,
    interval: Duration,
    shows_places: bool,
    was_started: bool,
    running: Option<Running>,
}

struct Running {
    stop: Sender<()>,
    rounds: JoinHandle<Rounds>,
    started_ns: i64,
    started_utc_ns: i64,
}

impl ProcSampler {
    /// The mode in words.
    pub const NAME: &str = "/proc: thread states and wait channels";

    /// Finds out what may be seen of a process; nothing is looked at before `start`.
    ///
    /// # Errors
    /// No such process, a kernel that does not count states, or a frequency outside 1 to 1,000 Hz.
    pub fn open(pid: i32, frequency_hz: u32) -> Result<Self, SampleError> {
        if !(1..=MOST_FREQUENCY_HZ).contains(&frequency_hz) {
            return Err(SampleError::Frequency(frequency_hz));
        }
        let pid = process_of(pid).ok_or(SampleError::NoProcess(pid))?;
        let files = ThreadFiles::new(pid, pid);
        if files.counters().is_none() {
            let said = std::io::Error::other("/proc shows no scheduler counters of the process");
            return Err(SampleError::System("reading schedstat", said));
        }
        Ok(Self {
            pid,
            interval: Duration::from_secs(1) / frequency_hz,
            shows_places: files.shows_places(),
            was_started: false,
            running: None,
        })
    }

    /// What is lost against sampling by perf events, with the remedy.
    #[must_use]
    pub fn lost_note(&self) -> String {
        let (places, remedy) = if self.shows_places {
            ("", "kernel.perf_event_paranoid=2 or CAP_PERFMON")
        } else {
            let places = " and, as the process belongs to another user, where threads wait";
            (places, "its own user, or CAP_PERFMON with CAP_SYS_PTRACE,")
        };
        format!(
            "code is not seen, only the states of threads; lost are stacks, threads that live for less than 0.1 s\
             {places}; {remedy} shows them"
        )
    }

    /// Begins to look.
    ///
    /// # Errors
    /// If it was started before, or no thread can be started.
    pub fn start(&mut self) -> Result<(), SampleError> {
        if std::mem::replace(&mut self.was_started, true) {
            return Err(SampleError::Order("was started before"));
        }
        let (stop, stopped) = channel();
        let started_ns = monotonic_ns();
        let mut rounds = Rounds::new(self.pid);
        // A thread's time counts from the first look on.
        rounds.list();
        rounds.look_until(thread_cpu_ns() + MOST_EDGE_NS);
        let interval = self.interval;
        let rounds = thread::Builder::new()
            .name("tailtune-proc".to_owned())
            .spawn(move || rounds.run(interval, &stopped))
            .map_err(|error| SampleError::System("starting the sampling thread", error))?;
        self.running = Some(Running {
            stop,
            rounds,
            started_ns,
            started_utc_ns: utc_ns(),
        });
        Ok(())
    }

    /// Takes a last look and ends.
    ///
    /// The on-CPU profile has stacks of state and thread name, with looks and exact CPU nanoseconds; the
    /// off-CPU profile has stacks of kernel functions, system call, state and thread name, with exact sums
    /// of sampled places. Both hold the same sums as the threads do.
    ///
    /// # Errors
    /// If it was not started, or the sampling thread ended early.
    pub fn stop(&mut self) -> Result<Sampling, SampleError> {
        let running = self
            .running
            .take()
            .ok_or(SampleError::Order("is not running"))?;
        drop(running.stop);
        let rounds = running.rounds.join().map_err(|_| SampleError::Thread)?;
        let duration_ns = monotonic_ns() - running.started_ns;
        let slow = rounds.slow_note(self.interval, duration_ns);
        let mut folded = rounds.folder.finish();
        folded.warnings.extend(slow);
        for profile in [&mut folded.on_cpu, &mut folded.off_cpu] {
            let comment = profile.strings.intern(Self::NAME);
            profile.comments.push(comment);
            (profile.time_ns, profile.duration_ns) = (running.started_utc_ns, duration_ns);
        }
        Ok(Sampling {
            on_cpu: Some(folded.on_cpu),
            off_cpu: Some(folded.off_cpu),
            threads: folded.threads,
            warnings: folded.warnings,
            mode: Self::NAME.to_owned(),
            ..Sampling::default()
        })
    }
}

impl Drop for ProcSampler {
    fn drop(&mut self) {
        if let Some(running) = self.running.take() {
            drop(running.stop);
            // The thread is gone after this, whether it ended well does not matter any more.
            let _ = running.rounds.join();
        }
    }
}

/// Goes around the threads.
struct Rounds {
    root: i32,
    folder: StateFolder,
    /// (process, thread), next first.
    queue: VecDeque<(i32, i32)>,
    /// Threads in the queue.
    known: HashSet<i32>,
    /// How many of the queue this round still has to look at.
    left: usize,
    next_list_ns: i64,
    looks: u64,
}

impl Rounds {
    fn new(root: i32) -> Self {
        Self {
            root,
            folder: StateFolder::new(),
            queue: VecDeque::new(),
            known: HashSet::new(),
            left: 0,
            next_list_ns: 0,
            looks: 0,
        }
    }

    /// Looks once an interval until the other end of `stop` is dropped, then once more at everyone.
    fn run(mut self, interval: Duration, stop: &Receiver<()>) -> Self {
        let begun = (monotonic_ns(), thread_cpu_ns());
        while stop.recv_timeout(interval) == Err(RecvTimeoutError::Timeout) {
            let now = monotonic_ns();
            let allowed = (now - begun.0) as f64 * SHARE_OF_A_CPU;
            let allowed_until = begun.1 + allowed as i64;
            if now >= self.next_list_ns {
                self.list();
            }
            if self.left == 0 {
                self.left = self.queue.len();
            }
            self.look_until(allowed_until);
        }
        self.left = self.queue.len();
        self.look_until(thread_cpu_ns() + MOST_EDGE_NS);
        self
    }

    /// Learns of new threads.
    fn list(&mut self) {
        let begun = thread_cpu_ns();
        for pid in family(self.root) {
            for tid in threads(pid) {
                if self.known.insert(tid) {
                    self.queue.push_front((pid, tid));
                    self.left += 1;
                }
            }
        }
        let cost = thread_cpu_ns() - begun;
        self.next_list_ns = monotonic_ns() + LIST_INTERVAL_NS.max(cost.saturating_mul(100));
    }

    /// Looks at threads in turn until the round is over, or this thread has used `until_cpu_ns`.
    fn look_until(&mut self, until_cpu_ns: i64) {
        while self.left > 0 && thread_cpu_ns() < until_cpu_ns {
            self.left -= 1;
            let Some((pid, tid)) = self.queue.pop_front() else {
                return;
            };
            if self.look(pid, tid) {
                self.queue.push_back((pid, tid));
            } else {
                self.known.remove(&tid);
                self.folder.end(tid);
            }
        }
    }

    fn look(&mut self, pid: i32, tid: i32) -> bool {
        let files = ThreadFiles::new(pid, tid);
        // The state first: whoever is seen blocked has counters that are up to date.
        let status = files.status();
        let Some(status) = status.filter(|status| !matches!(status.state, 'Z' | 'X')) else {
            return false;
        };
        let (t_ns, Some(counters)) = (monotonic_ns(), files.counters()) else {
            return false;
        };
        self.looks += 1;
        let place = || files.place();
        self.folder.look((pid, tid), t_ns, counters, &status, place);
        true
    }

    /// Says so if threads had to take turns.
    fn slow_note(&self, interval: Duration, duration_ns: i64) -> Option<String> {
        let seconds = duration_ns as f64 / 1e9;
        let threads = self.queue.len().max(1) as f64;
        let per_thread_hz = self.looks as f64 / threads / seconds;
        let wanted_hz = 1.0 / interval.as_secs_f64();
        (seconds > 0.5 && per_thread_hz < wanted_hz * 0.8).then(|| {
            format!(
                "each of {threads} threads was looked at {per_thread_hz:.1} times a second instead of {wanted_hz:.0}: \
                 looking uses at most {:.0} % of a CPU, and waits for its turn on a busy machine; sums are exact, \
                 places of waiting rest on fewer looks",
                SHARE_OF_A_CPU * 100.0
            )
        })
    }
}
