//! Processors (P): what a thread needs to run goroutines.

use super::{Machine, NEVER, NO_THREAD, NONE, Sequence, Step};
use crate::events::{Counted, Event};
use crate::names::{StackId, TextId};
use crate::sink::{Sink, Span, SpanKind};

/// More than there can be; numbers beyond are damage.
const MOST_PROCS: u64 = 1 << 16;

/// As the trace writes it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum ProcStatus {
    /// Nothing is known yet.
    #[default]
    Unknown,
    Running,
    Idle,
    /// Its goroutine is in a system call; another thread may take it.
    Syscall,
    /// The same, and its thread is not known any more.
    Abandoned,
}

impl ProcStatus {
    fn of(number: u64) -> Option<Self> {
        Some(match number {
            1 => Self::Running,
            2 => Self::Idle,
            3 => Self::Syscall,
            4 => Self::Abandoned,
            _ => return None,
        })
    }

    fn is_in_use(self) -> bool {
        matches!(self, Self::Running | Self::Syscall)
    }
}

/// One processor.
pub(super) struct Proc {
    pub(super) status: ProcStatus,
    pub(super) sequence: Sequence,
    thread: u32,
    running_since: u64,
    is_open_at_begin: bool,
    pub(super) sweep: Sweep,
}

/// Sweeping on a processor.
#[derive(Clone, Copy)]
pub(super) struct Sweep {
    pub(super) since: u64,
    pub(super) stack: StackId,
    pub(super) is_open_at_begin: bool,
}

impl Default for Sweep {
    fn default() -> Self {
        Self {
            since: NEVER,
            stack: StackId::default(),
            is_open_at_begin: false,
        }
    }
}

impl Default for Proc {
    fn default() -> Self {
        Self {
            status: ProcStatus::Unknown,
            sequence: Sequence::default(),
            thread: NONE,
            running_since: NEVER,
            is_open_at_begin: false,
            sweep: Sweep::default(),
        }
    }
}

impl<S: Sink> Machine<'_, S> {
    pub(super) fn proc_status(&mut self, event: &Event, thread: u32) -> Step {
        let [number, status, ..] = event.args;
        let (Some(row), Some(status)) = (self.proc_row(number), ProcStatus::of(status)) else {
            return Step::Broken;
        };
        let t_ns = self.time(event, Counted::StateTransition);
        let (is_first, since) = (self.is_first_generation(), self.sync_ns);
        let sequence = self.sequence(0);
        let proc = &mut self.procs[row as usize];
        proc.sequence = sequence;
        let before = proc.status;
        // Told of what is about to be taken: its own thread has told more.
        if status == ProcStatus::Abandoned && before == ProcStatus::Syscall {
            return Step::Done;
        }
        proc.status = status;
        if before == ProcStatus::Unknown {
            if status.is_in_use() {
                proc.running_since = if is_first { since } else { t_ns };
                proc.is_open_at_begin = is_first;
            }
        } else if before != status {
            self.troubles.repaired += 1;
            self.proc_rests(row, t_ns, false);
            if status.is_in_use() {
                self.proc_runs(row, t_ns);
            }
        }
        if status.is_in_use() {
            self.bind_proc(thread, row);
        }
        Step::Done
    }

    pub(super) fn proc_start(&mut self, event: &Event, thread: u32) -> Step {
        let [number, sequence, ..] = event.args;
        let Some(row) = self.proc_row(number) else {
            return Step::Broken;
        };
        let sequence = self.sequence(sequence);
        let (status, before) = {
            let proc = &self.procs[row as usize];
            (proc.status, proc.sequence)
        };
        let is_next = status == ProcStatus::Idle && sequence.follows(before);
        if !(is_next && self.context(thread).1 == NONE || self.is_forced) {
            return Step::Later;
        }
        if self.thread_number(thread).is_none() {
            return Step::Broken;
        }
        let t_ns = self.time(event, Counted::StateTransition);
        self.proc_rests(row, t_ns, false);
        self.set_proc(row, ProcStatus::Running, sequence);
        self.proc_runs(row, t_ns);
        self.bind_proc(thread, row);
        Step::Done
    }

    pub(super) fn proc_stop(&mut self, event: &Event, thread: u32) -> Step {
        let row = self.context(thread).1;
        let Some(proc) = self.procs.get_mut(row as usize) else {
            return Step::Broken;
        };
        if !proc.status.is_in_use() {
            return Step::Broken;
        }
        proc.status = ProcStatus::Idle;
        let t_ns = self.time(event, Counted::StateTransition);
        self.proc_rests(row, t_ns, false);
        self.unbind_proc(row);
        Step::Done
    }

    pub(super) fn proc_steal(&mut self, event: &Event, thread: u32) -> Step {
        let [number, sequence, ..] = event.args;
        let Some(row) = self.proc_row(number) else {
            return Step::Broken;
        };
        let sequence = self.sequence(sequence);
        let (status, before) = {
            let proc = &self.procs[row as usize];
            (proc.status, proc.sequence)
        };
        let may_be_taken = matches!(status, ProcStatus::Syscall | ProcStatus::Abandoned);
        if !(may_be_taken && sequence.follows(before) || self.is_forced) {
            return Step::Later;
        }
        if self.thread_number(thread).is_none() {
            return Step::Broken;
        }
        let t_ns = self.time(event, Counted::StateTransition);
        self.set_proc(row, ProcStatus::Idle, sequence);
        self.proc_rests(row, t_ns, false);
        self.unbind_proc(row);
        Step::Done
    }

    /// A goroutine of C code ends in its system call; its processor stays behind, without a thread.
    pub(super) fn abandon_proc(&mut self, row: u32, event: &Event) {
        let t_ns = self.time(event, Counted::StateTransition);
        if let Some(proc) = self.procs.get_mut(row as usize) {
            proc.status = ProcStatus::Abandoned;
        }
        self.proc_rests(row, t_ns, false);
        self.unbind_proc(row);
    }

    /// Row of a processor, made if it is new; none for impossible numbers.
    pub(super) fn proc_row(&mut self, number: u64) -> Option<u32> {
        if number >= MOST_PROCS {
            return None;
        }
        let row = number as usize;
        if self.procs.len() <= row {
            self.procs.resize_with(row + 1, Proc::default);
        }
        Some(row as u32)
    }

    fn set_proc(&mut self, row: u32, status: ProcStatus, sequence: Sequence) {
        if let Some(proc) = self.procs.get_mut(row as usize) {
            proc.status = status;
            proc.sequence = sequence;
        }
    }

    fn proc_runs(&mut self, row: u32, t_ns: u64) {
        if let Some(proc) = self.procs.get_mut(row as usize) {
            proc.running_since = t_ns;
            proc.is_open_at_begin = false;
        }
    }

    /// Ends the time in use, if it is in use.
    pub(super) fn proc_rests(&mut self, row: u32, end_ns: u64, is_open_at_end: bool) {
        let Some(proc) = self.procs.get_mut(row as usize) else {
            return;
        };
        if proc.running_since == NEVER {
            return;
        }
        let span = Span {
            kind: SpanKind::ProcRunning(row),
            name: TextId::default(),
            begin_ns: proc.running_since,
            end_ns,
            stack: StackId::default(),
            is_open_at_begin: proc.is_open_at_begin,
            is_open_at_end,
        };
        proc.running_since = NEVER;
        self.sink.span(&span, &self.names);
    }

    /// Gives a processor to a thread, and takes it from any other.
    fn bind_proc(&mut self, thread: u32, row: u32) {
        if self.thread_number(thread).is_none() {
            return;
        }
        self.unbind_proc(row);
        let Some(place) = self.threads.get_mut(thread as usize) else {
            return;
        };
        let before = std::mem::replace(&mut place.proc, row);
        if let Some(other) = self.procs.get_mut(before as usize) {
            other.thread = NONE;
        }
        if let Some(proc) = self.procs.get_mut(row as usize) {
            proc.thread = thread;
        }
    }

    fn unbind_proc(&mut self, row: u32) {
        let Some(proc) = self.procs.get_mut(row as usize) else {
            return;
        };
        let thread = std::mem::replace(&mut proc.thread, NONE);
        if let Some(thread) = self.threads.get_mut(thread as usize) {
            debug_assert_ne!(thread.number, NO_THREAD, "no thread has a processor");
            thread.proc = NONE;
        }
    }
}
