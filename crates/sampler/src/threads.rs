//! The threads of the sampled processes with their states, in bounded memory: threads come and go.

use std::collections::HashMap;

use crate::process;
use crate::sampling::ThreadTimes;
use crate::states::{Before, Interval, Left, States};
use crate::sys::monotonic_ns;
use crate::waking::Waker;

/// Ended threads that keep a row of their own; later ones are summed in one.
const MOST_ENDED: usize = 1_000;
/// Name of the row that sums ended threads.
const ENDED: &str = "[ended threads]";

/// An interval off the CPU with its thread.
pub(crate) type Away = (i32, Interval);

struct Thread {
    pid: i32,
    name: String,
    states: States,
    /// How long it had waited for a CPU when its account began; `None`: not known.
    waited_ns: Option<i64>,
}

/// All threads, living and ended.
pub(crate) struct Threads {
    living: HashMap<i32, Thread>,
    ended: Vec<ThreadTimes>,
    /// Sum of the ended threads beyond [`MOST_ENDED`], and how many those are.
    rest: ThreadTimes,
    pub(crate) summed: u64,
    /// How often a thread was seen to have come or left unseen.
    pub(crate) unseen: u64,
    /// Time off the CPU whose wake-ups were not seen, and that by the kernel's account was not blocked.
    pub(crate) misplaced_ns: i64,
    wakeups: bool,
}

impl Threads {
    /// No thread yet; `wakeups`: whether wake-ups are recorded.
    pub(crate) fn new(wakeups: bool) -> Self {
        let name = ENDED.to_owned();
        Self {
            living: HashMap::new(),
            ended: Vec::new(),
            rest: ThreadTimes {
                name,
                ..ThreadTimes::default()
            },
            summed: 0,
            unseen: 0,
            misplaced_ns: 0,
            wakeups,
        }
    }

    /// Adds the threads that a process has now, which exist since `t_ns` as far as this table goes.
    pub(crate) fn add_all(&mut self, pid: i32, t_ns: i64) {
        for tid in process::threads(pid) {
            let name = process::thread_name(pid, tid);
            let thread = Thread {
                pid,
                name,
                states: States::unknown(t_ns, self.wakeups),
                waited_ns: process::waited_for_cpu_ns(pid, tid),
            };
            self.living.insert(tid, thread);
        }
    }

    /// A thread began, with the name of the one that started it. Returns what a thread of the same
    /// number left open.
    pub(crate) fn born(&mut self, pid: i32, tid: i32, parent: i32, t_ns: i64) -> Option<Away> {
        let name = self.living.get(&parent).map(|thread| thread.name.clone());
        let known = self
            .living
            .get(&tid)
            .is_some_and(|thread| thread.states.is_unknown());
        let open = if known { None } else { self.ends(tid, t_ns) };
        let thread = Thread {
            pid,
            name: name.unwrap_or_default(),
            states: States::born(t_ns, self.wakeups),
            waited_ns: Some(0),
        };
        self.living.insert(tid, thread);
        open
    }

    pub(crate) fn rename(&mut self, tid: i32, name: &[u8]) {
        if let Some(thread) = self.living.get_mut(&tid) {
            thread.name = String::from_utf8_lossy(name).into_owned();
        }
    }

    pub(crate) fn seen_running(&mut self, tid: i32) {
        if let Some(thread) = self.living.get_mut(&tid) {
            thread.states.seen_running();
        }
    }

    pub(crate) fn comes(&mut self, tid: i32, t_ns: i64) -> Option<Away> {
        let states = &mut self.living.get_mut(&tid)?.states;
        self.unseen += u64::from(states.is_on_cpu());
        Some((tid, states.comes(t_ns)?))
    }

    /// Whether it is on a CPU as far as that was seen.
    pub(crate) fn is_on_cpu(&self, tid: i32) -> bool {
        let thread = self.living.get(&tid);
        thread.is_some_and(|thread| thread.states.is_on_cpu())
    }

    /// Whether it is off the CPU as far as that was seen.
    pub(crate) fn is_away(&self, tid: i32) -> bool {
        let thread = self.living.get(&tid);
        thread.is_some_and(|thread| thread.states.is_away())
    }

    pub(crate) fn waking(&mut self, tid: i32, waker: Waker) {
        if let Some(thread) = self.living.get_mut(&tid) {
            thread.states.waking(waker);
        }
    }

    pub(crate) fn woken(&mut self, tid: i32, t_ns: i64) {
        if let Some(thread) = self.living.get_mut(&tid) {
            thread.states.woken(t_ns);
        }
    }

    /// Records of this time were lost.
    pub(crate) fn gap(&mut self, begin_ns: i64, end_ns: i64) {
        let living = self.living.values_mut();
        living.for_each(|thread| thread.states.gap(begin_ns, end_ns));
    }

    /// A thread left the CPU; one whose beginning was missed exists from now on.
    pub(crate) fn leaves(
        &mut self,
        pid: i32,
        tid: i32,
        left: Left,
        could_run: bool,
        before: Before,
    ) -> Option<Away> {
        let wakeups = self.wakeups;
        let thread = self.living.entry(tid).or_insert_with(|| Thread {
            pid,
            name: process::thread_name(pid, tid),
            states: States::unknown(left.t_ns, wakeups),
            waited_ns: None,
        });
        self.unseen += u64::from(thread.states.came_unseen(before));
        let interval = thread.states.leaves(left, could_run, before)?;
        Some((tid, interval))
    }

    /// A thread ended. Returns what it left open.
    pub(crate) fn ends(&mut self, tid: i32, t_ns: i64) -> Option<Away> {
        let mut thread = self.living.remove(&tid)?;
        let open = thread.states.end(t_ns, None);
        thread.states.times.split(None);
        let row = times(tid, &thread);
        if self.ended.len() < MOST_ENDED {
            self.ended.push(row);
        } else {
            self.rest.add(&row);
            self.summed += 1;
        }
        open.map(|interval| (tid, interval))
    }

    /// The process replaced its program: only the thread that carries the number of the process is left.
    pub(crate) fn execs(&mut self, pid: i32, t_ns: i64) -> Vec<Away> {
        let others = self
            .living
            .iter()
            .filter(|&(&tid, thread)| thread.pid == pid && tid != pid);
        let others: Vec<i32> = others.map(|(&tid, _)| tid).collect();
        others
            .into_iter()
            .filter_map(|tid| self.ends(tid, t_ns))
            .collect()
    }

    pub(crate) fn knows(&self, tid: i32) -> bool {
        self.living.contains_key(&tid)
    }

    /// Ends the account at `t_ns`: one row a thread, the sum of many ended ones last; and all open intervals.
    ///
    /// `complete`: no records were lost, so that off the CPU without a wake-up means that only this was not seen.
    pub(crate) fn finish(&mut self, t_ns: i64, complete: bool) -> (Vec<ThreadTimes>, Vec<Away>) {
        let mut rows = std::mem::take(&mut self.ended);
        let mut open = Vec::new();
        for (tid, mut thread) in self.living.drain() {
            let asleep = if thread.states.is_unknown() {
                process::is_asleep(thread.pid, tid)
            } else {
                None
            };
            open.extend(
                thread
                    .states
                    .end(t_ns, asleep)
                    .map(|interval| (tid, interval)),
            );
            self.misplaced_ns += thread.split(tid, t_ns, complete);
            rows.push(times(tid, &thread));
        }
        rows.sort_by_key(|row| (row.pid, row.tid));
        if self.summed > 0 {
            rows.push(self.rest.clone());
        }
        (rows, open)
    }
}

impl Thread {
    /// Splits what could not be split without the wake-ups. Returns what of it was runnable.
    fn split(&mut self, tid: i32, ended_ns: i64, complete: bool) -> i64 {
        if self.states.times.unsplit_ns == 0 {
            return 0;
        }
        let waited_ns = process::waited_for_cpu_ns(self.pid, tid).zip(self.waited_ns);
        // Since the end it may have waited all the time.
        let late_ns = (monotonic_ns() - ended_ns).max(0);
        let waited_ns = waited_ns.map(|(now, before)| now - before - late_ns..=now - before);
        self.states.times.split(waited_ns.filter(|_| complete))
    }
}

fn times(tid: i32, thread: &Thread) -> ThreadTimes {
    let spent = thread.states.times;
    ThreadTimes {
        tid,
        pid: thread.pid,
        name: thread.name.clone(),
        wall_ns: spent.wall_ns(),
        on_cpu_ns: spent.on_cpu_ns,
        runnable_ns: spent.runnable_ns,
        blocked_ns: spent.blocked_ns,
        switches: thread.states.switches,
        residue_ns: spent.residue_ns,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_does_not_follow_the_number_of_threads_that_ever_were() {
        let mut threads = Threads::new(true);
        let count = 100_000;
        for thread in 0..count {
            let now = i64::from(thread) * 10;
            threads.born(7, 1_000 + thread, 7, now);
            threads.comes(1_000 + thread, now + 1);
            threads.ends(1_000 + thread, now + 4);
        }
        assert_eq!(threads.living.len(), 0);
        let (rows, open) = threads.finish(2_000_000, true);
        assert_eq!((rows.len(), open.len()), (MOST_ENDED + 1, 0));
        let sum = |value: fn(&ThreadTimes) -> i64| rows.iter().map(value).sum::<i64>();
        assert_eq!(sum(|row| row.on_cpu_ns), 3 * i64::from(count));
        assert_eq!(sum(|row| row.runnable_ns), i64::from(count));
        assert_eq!(sum(|row| row.wall_ns), 4 * i64::from(count));
        assert_eq!(rows.last().map(|row| row.name.as_str()), Some(ENDED));
    }

    #[test]
    fn a_number_may_be_used_again() {
        let mut threads = Threads::new(true);
        threads.born(7, 8, 7, 0);
        threads.comes(8, 1);
        threads.born(7, 8, 7, 10);
        let (rows, _) = threads.finish(15, true);
        let walls: Vec<i64> = rows.iter().map(|row| row.wall_ns).collect();
        assert_eq!(walls, [10, 5]);
    }

    #[test]
    fn a_new_program_leaves_one_thread() {
        let mut threads = Threads::new(true);
        threads.born(7, 7, 1, 0);
        threads.born(7, 8, 7, 0);
        threads.execs(7, 5);
        assert!(threads.knows(7) && !threads.knows(8));
    }
}
