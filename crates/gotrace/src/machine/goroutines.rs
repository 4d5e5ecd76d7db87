//! Goroutines: what each does, and since when.

use super::spans::{Assist, Stop};
use super::user::Region;
use super::{Machine, NO_THREAD, NONE, Sequence, told};
use crate::names::{StackId, TextId};
use crate::sink::{Ended, Interval, Sink, State};

/// One goroutine.
pub(super) struct Goroutine {
    pub(super) number: u64,
    pub(super) now: Now,
    pub(super) sequence: Sequence,
    /// Row of the thread that it is on.
    pub(super) thread: u32,
    name: TextId,
    begin_ns: u64,
    is_open_at_begin: bool,
    pub(super) assist: Option<Assist>,
    pub(super) stop: Option<Stop>,
    pub(super) regions: Vec<Region>,
}

/// The state that it is in.
#[derive(Clone, Copy)]
pub(super) struct Now {
    pub(super) state: State,
    pub(super) since_ns: u64,
    reason: TextId,
    pub(super) stack: StackId,
    thread: u64,
    proc: u32,
    /// 0: none.
    waker: u64,
    pub(super) is_open_at_begin: bool,
}

impl Now {
    pub(super) fn new(state: State, since_ns: u64) -> Self {
        Self {
            state,
            since_ns,
            reason: TextId::default(),
            stack: StackId::default(),
            thread: NO_THREAD,
            proc: NONE,
            waker: 0,
            is_open_at_begin: false,
        }
    }

    pub(super) fn at(mut self, stack: StackId) -> Self {
        self.stack = stack;
        self
    }

    pub(super) fn because(mut self, reason: TextId) -> Self {
        self.reason = reason;
        self
    }

    pub(super) fn woken_by(mut self, waker: u64) -> Self {
        self.waker = waker;
        self
    }
}

impl Goroutine {
    fn new(number: u64, now: Now, sequence: Sequence) -> Self {
        Self {
            number,
            now,
            sequence,
            thread: NONE,
            name: TextId::default(),
            begin_ns: now.since_ns,
            is_open_at_begin: now.is_open_at_begin,
            assist: None,
            stop: None,
            regions: Vec::new(),
        }
    }

    pub(super) fn is_running(&self) -> bool {
        matches!(self.now.state, State::Running | State::Assisting)
    }

    /// Running, or assisting, as it does from now on.
    pub(super) fn running_from(&self, t_ns: u64) -> Now {
        match &self.assist {
            Some(assist) => Now::new(State::Assisting, t_ns).at(assist.stack),
            None => Now::new(State::Running, t_ns),
        }
    }
}

impl<S: Sink> Machine<'_, S> {
    /// The goroutine of a number, if it is in a state and the sequence says that this is what comes next.
    #[inline]
    pub(super) fn next_of(&mut self, number: u64, sequence: Sequence, state: State) -> Option<u32> {
        let found = self.goroutines.find(number);
        if self.is_forced {
            // What it did before is not known.
            let mut now = Now::new(state, self.sync_ns);
            now.is_open_at_begin = true;
            return found.or_else(|| self.add(number, now));
        }
        let row = found?;
        let goroutine = self.goroutines.get(row)?;
        let is_next = goroutine.now.state == state && sequence.follows(goroutine.sequence);
        is_next.then_some(row)
    }

    /// The goroutine that runs on a thread, which has a processor.
    #[inline]
    pub(super) fn runs_on(&self, thread: u32) -> Option<u32> {
        let (row, _) = self.user_context(thread)?;
        self.goroutines.get(row)?.is_running().then_some(row)
    }

    /// Adds a goroutine; none if there are too many.
    pub(super) fn add(&mut self, number: u64, now: Now) -> Option<u32> {
        if let Some(before) = self.goroutines.find(number) {
            // Its end is lost.
            self.troubles.repaired += 1;
            self.end_goroutine(before, now.since_ns, false);
        }
        if self.goroutines.taken() >= self.limits.goroutines {
            self.failed = Some(self.too_many("goroutines"));
            return None;
        }
        let sequence = self.sequence(0);
        let goroutine = Goroutine::new(number, now, sequence);
        Some(self.goroutines.insert(number, goroutine))
    }

    pub(super) fn name_by(&mut self, row: u32, stack: StackId) {
        let Some(goroutine) = self.goroutines.get_mut(row) else {
            return;
        };
        if goroutine.name.is_empty() && !stack.is_empty() {
            goroutine.name = self.names.root(stack);
        }
    }

    /// Ends the state that a goroutine is in, and begins another.
    #[inline]
    pub(super) fn enter(&mut self, row: u32, mut now: Now) {
        self.leave(row, now.since_ns, false);
        let Some(goroutine) = self.goroutines.get_mut(row) else {
            return;
        };
        if !matches!(now.state, State::Waiting | State::Runnable) {
            (now.thread, now.proc) = (goroutine.now.thread, goroutine.now.proc);
        }
        goroutine.now = now;
    }

    #[inline]
    fn leave(&mut self, row: u32, end_ns: u64, is_open_at_end: bool) {
        let Some(goroutine) = self.goroutines.get(row) else {
            return;
        };
        let now = &goroutine.now;
        let interval = Interval {
            goroutine: goroutine.number,
            slot: row,
            begin_ns: now.since_ns,
            end_ns,
            state: now.state,
            reason: now.reason,
            stack: now.stack,
            thread: (now.thread != NO_THREAD).then_some(now.thread),
            proc: told(now.proc),
            waker: (now.waker != 0).then_some(now.waker),
            is_open_at_begin: now.is_open_at_begin,
            is_open_at_end,
        };
        self.sink.interval(&interval, &self.names);
    }

    pub(super) fn end_goroutine(&mut self, row: u32, end_ns: u64, is_open_at_end: bool) {
        if self.goroutines.get(row).is_none() {
            return;
        }
        self.leave(row, end_ns, is_open_at_end);
        self.spans_end(row, end_ns, is_open_at_end);
        self.release(row);
        let Some(goroutine) = self.goroutines.get(row) else {
            return;
        };
        let ended = Ended {
            goroutine: goroutine.number,
            slot: row,
            name: goroutine.name,
            begin_ns: goroutine.begin_ns,
            end_ns,
            is_open_at_begin: goroutine.is_open_at_begin,
            is_open_at_end,
        };
        self.goroutines.remove(ended.goroutine);
        self.sink.ended(&ended, &self.names);
    }

    /// Puts a goroutine on a thread.
    pub(super) fn bind(&mut self, thread: u32, row: u32, t_ns: u64) {
        self.release(row);
        let Some(place) = self.threads.get_mut(thread as usize) else {
            return;
        };
        if place.number == NO_THREAD {
            return;
        }
        let (number, proc) = (place.number, place.proc);
        let before = std::mem::replace(&mut place.goroutine, row);
        if let Some(goroutine) = self.goroutines.get_mut(row) {
            goroutine.thread = thread;
            (goroutine.now.thread, goroutine.now.proc) = (number, proc);
        }
        if let Some(other) = self.goroutines.get_mut(before) {
            // How it left the thread is lost.
            other.thread = NONE;
            self.troubles.repaired += 1;
            self.enter(before, Now::new(State::Waiting, t_ns));
        }
    }

    /// Takes a goroutine from its thread.
    pub(super) fn release(&mut self, row: u32) {
        let Some(goroutine) = self.goroutines.get_mut(row) else {
            return;
        };
        let thread = std::mem::replace(&mut goroutine.thread, NONE);
        if let Some(thread) = self.threads.get_mut(thread as usize) {
            thread.goroutine = NONE;
        }
    }
}
