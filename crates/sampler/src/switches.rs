//! Context switches and wake-ups, as whichever records bring them, put into the states of threads and
//! into the stacks at which threads left the CPU.

use std::collections::HashMap;

use profile::{Chain, Folder, Profile, SampleRow};

use crate::records::{Ran, Who, raw_i32, raw_text};
use crate::sampling::ThreadTimes;
use crate::states::{Before, Left};
use crate::threads::{Away, Threads};
use crate::tracepoints::Layouts;
use crate::wait_ends::WaitEnds;
use crate::waking::Waker;

/// Bits of `prev_state` that say what a thread waits for; without any it could run on.
const WAITS: i32 = 0xff;
/// Bits that say that the thread ended.
const DEAD: i32 = 0x10 | 0x20;
/// The same as programs see it, before the kernel turns the state into one for others.
const TASK_DEAD: i32 = 0x80;
/// Stands for the stack of intervals that began before the sampling or the thread did.
const BEFORE: &str = "[off-CPU since before its first switch]";
/// Stands for the stack where the records bring none.
const NO_STACK: &str = "[off-CPU]";

/// The states of all threads, and their intervals off the CPU by stack.
pub(crate) struct Switches {
    pub(crate) folder: Folder,
    threads: Threads,
    /// Where the tracepoints keep their fields; `None`: there are no events of them.
    layouts: Option<Layouts>,
    /// Nothing that happened earlier is of use here.
    pub(crate) began_ns: i64,
    /// The last `sched_switch` of each CPU. There are threads, the idle ones among them, whose leaving some
    /// kernels do not record; what followed them came unseen, but not earlier than they did.
    last_switches: HashMap<i32, Before>,
    /// No records were lost.
    complete: bool,
    ends: WaitEnds,
    /// Rows of the remarks, once they are used.
    before: Option<u32>,
    no_stack: Option<u32>,
}

impl Switches {
    /// `wakeups`: whether they are seen.
    pub(crate) fn new(
        folder: Folder,
        layouts: Option<Layouts>,
        wakeups: bool,
        began_ns: i64,
    ) -> Self {
        Self {
            folder,
            threads: Threads::new(wakeups),
            layouts,
            began_ns,
            last_switches: HashMap::new(),
            complete: true,
            ends: WaitEnds::default(),
            before: None,
            no_stack: None,
        }
    }

    /// A process that is there when the sampling begins.
    pub(crate) fn add(&mut self, pid: i32) {
        self.threads.add_all(pid, self.began_ns);
    }

    /// `sched_switch`: one thread leaves, another comes. `chain`: the stack of the one that leaves, if it
    /// is one of ours.
    pub(crate) fn switch(&mut self, who: Who, chain: Option<&Chain<'_>>, raw: &[u8]) {
        let Some(layouts) = self.layouts else { return };
        if let (Some(chain), Some(state)) = (chain, raw_i32(raw, layouts.prev_state)) {
            self.goes(who, chain, state & DEAD != 0, state & WAITS == 0);
        }
        if let Some(next) = raw_i32(raw, layouts.next_pid) {
            let now = Before {
                t_ns: who.t_ns,
                idle: next == 0,
            };
            self.last_switches.insert(who.cpu, now);
            if self.threads.knows(next) {
                let name = raw_text(raw, layouts.prev_comm);
                let before = Ran { pid: who.pid, name };
                self.arrives(next, who.t_ns, Some(before));
            }
        }
    }

    /// A thread left its CPU at a stack.
    pub(crate) fn left(&mut self, who: Who, chain: &Chain<'_>, state: i32) {
        self.goes(who, chain, state & TASK_DEAD != 0, state == 0);
        self.seen(who);
    }

    /// Somebody is about to wake a thread.
    pub(crate) fn waking(&mut self, who: Who, waker: Waker) {
        self.threads.waking(who.tid, waker);
    }

    /// A thread may run again.
    pub(crate) fn woken(&mut self, who: Who) {
        self.threads.woken(who.tid, who.t_ns);
    }

    /// `sched_wakeup`.
    pub(crate) fn wakeup(&mut self, t_ns: i64, raw: &[u8]) {
        let tid = self
            .layouts
            .and_then(|layouts| raw_i32(raw, layouts.woken_pid));
        if let Some(tid) = tid {
            self.threads.woken(tid, t_ns);
        }
    }

    /// The record of a context switch to a thread. It says nothing new behind a `sched_switch` that was seen.
    pub(crate) fn comes(&mut self, who: Who, before: Option<Ran<'_>>) {
        if self.layouts.is_some() && self.threads.is_on_cpu(who.tid) {
            return;
        }
        self.seen(who);
        self.arrives(who.tid, who.t_ns, before);
    }

    /// A thread is on a CPU from now on.
    fn arrives(&mut self, tid: i32, t_ns: i64, before: Option<Ran<'_>>) {
        let mut away = self.threads.comes(tid, t_ns);
        if let Some((_, interval)) = &mut away {
            interval.ended.behind = before.map(|ran| (ran.pid, self.ends.name(ran.name)));
        }
        self.count(away);
    }

    /// The record of a context switch away from a thread. It says nothing new behind a `sched_switch` that was seen.
    pub(crate) fn leaves_without_stack(&mut self, who: Who, could_run: bool) {
        let is_repeated = self.layouts.is_some() && self.threads.is_away(who.tid);
        // A thread leaves once more after its end.
        if self.threads.knows(who.tid) && !is_repeated {
            let remark = || self.folder.remark(NO_STACK);
            let stack = *self.no_stack.get_or_insert_with(remark);
            self.leaves(who, stack, could_run);
        }
    }

    /// A CPU went over to another thread. Returns what was known of it until then.
    fn seen(&mut self, who: Who) -> Option<Before> {
        let now = Before {
            t_ns: who.t_ns,
            idle: false,
        };
        self.last_switches.insert(who.cpu, now)
    }

    /// Records of a CPU were lost since its last one: any thread may have come, left or been woken.
    pub(crate) fn lost(&mut self, who: Who) {
        self.complete = false;
        if let Some(last) = self.seen(who) {
            self.threads.gap(last.t_ns, who.t_ns);
        }
    }

    /// Whether threads came or left unseen though no records were lost: the kernel did not write them.
    pub(crate) fn has_holes(&self) -> bool {
        self.complete && self.threads.unseen > 0
    }

    /// A thread leaves its CPU at a stack, for good if it ended.
    fn goes(&mut self, who: Who, chain: &Chain<'_>, is_dead: bool, could_run: bool) {
        if who.tid < 0 {
            return; // events of a thread that has ended already: it leaves once more, and has no number left
        }
        if is_dead {
            self.ends(who.tid, who.t_ns);
        } else {
            let stack = self.folder.stack(chain);
            self.leaves(who, stack, could_run);
        }
    }

    fn leaves(&mut self, who: Who, stack: u32, could_run: bool) {
        let left = Left {
            t_ns: who.t_ns,
            cpu: who.cpu,
            stack: Some(stack),
        };
        let before = self.last_switches.get(&who.cpu).copied();
        let before = before.unwrap_or_default();
        let away = self
            .threads
            .leaves(who.pid, who.tid, left, could_run, before);
        self.count(away);
    }

    pub(crate) fn seen_running(&mut self, tid: i32) {
        self.threads.seen_running(tid);
    }

    pub(crate) fn born(&mut self, pid: i32, tid: i32, parent: i32, t_ns: i64) {
        let away = self.threads.born(pid, tid, parent, t_ns);
        self.count(away);
    }

    pub(crate) fn ends(&mut self, tid: i32, t_ns: i64) {
        let away = self.threads.ends(tid, t_ns);
        self.count(away);
    }

    /// A thread got a name, perhaps because the process replaced its program.
    pub(crate) fn named(&mut self, pid: i32, tid: i32, name: &[u8], exec: bool, t_ns: i64) {
        if exec {
            let open = self.threads.execs(pid, t_ns);
            open.into_iter().for_each(|away| self.count(Some(away)));
        }
        self.threads.rename(tid, name);
    }

    /// Ends the account. Returns the profile, the states, how waits ended, and what the reader must know.
    pub(crate) fn finish(
        mut self,
        ended_ns: i64,
    ) -> (Profile, Vec<ThreadTimes>, WaitEnds, Vec<String>) {
        let (rows, open) = self.threads.finish(ended_ns, self.complete);
        open.into_iter().for_each(|away| self.count(Some(away)));
        let mut warnings = Vec::new();
        if self.threads.summed > 0 {
            let count = self.threads.summed;
            warnings.push(format!("{count} ended threads are summed in one row"));
        }
        warnings.extend(self.ends.note());
        warnings.extend(residue_note(&rows));
        warnings.extend(misplaced_note(&rows, self.threads.misplaced_ns));
        (self.folder.finish(), rows, self.ends, warnings)
    }

    fn count(&mut self, away: Option<Away>) {
        let Some((tid, interval)) = away else { return };
        let left = interval.left;
        let remark = || self.folder.remark(BEFORE);
        let stack = left
            .stack
            .unwrap_or_else(|| *self.before.get_or_insert_with(remark));
        let row = SampleRow {
            t_ns: left.t_ns,
            tid,
            cpu: left.cpu,
            stack,
        };
        self.ends.add(left.t_ns, tid, interval.ended);
        let switches = i64::from(left.stack.is_some());
        self.folder
            .count(row, &[switches, interval.blocked_ns, interval.runnable_ns]);
    }
}

/// Says so if more than a hundredth of the time could not be attributed.
fn residue_note(rows: &[ThreadTimes]) -> Option<String> {
    let wall: i64 = rows.iter().map(|row| row.wall_ns).sum();
    let residue: i64 = rows.iter().map(|row| row.residue_ns).sum();
    (residue.saturating_mul(100) > wall).then(|| {
        let share = residue as f64 * 100.0 / wall as f64;
        format!("{share:.1} % of the threads' time belongs to no state: records were lost, or the kernel did not write them")
    })
}

/// Says so if more than a hundredth of the time blocked at stacks is not.
fn misplaced_note(rows: &[ThreadTimes], misplaced_ns: i64) -> Option<String> {
    let blocked: i64 = rows.iter().map(|row| row.blocked_ns).sum();
    (misplaced_ns.saturating_mul(100) > blocked).then(|| {
        let ms = misplaced_ns / 1_000_000;
        format!("the kernel did not write some wake-ups: of the time blocked at stacks, {ms} ms are waits for a CPU; the sums of the threads are right")
    })
}
