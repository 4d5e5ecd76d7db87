//! What events do to goroutines.

use super::goroutines::Now;
use super::procs::ProcStatus;
use super::{Machine, NO_THREAD, NONE, Sequence, Step};
use crate::dictionary::Dictionary;
use crate::events::{Counted, Event};
use crate::names::StackId;
use crate::sink::{Sink, State};

impl<S: Sink> Machine<'_, S> {
    pub(super) fn go_status(
        &mut self,
        event: &Event,
        thread: u32,
        stack: u64,
        dictionary: &mut Dictionary,
    ) -> Step {
        let [number, on_thread, status, _] = event.args;
        let Some(state) = state_of(status) else {
            return Step::Broken;
        };
        let thread = match state {
            State::Syscall if on_thread == NO_THREAD => return Step::Broken,
            State::Syscall => match self.thread_row(on_thread) {
                Ok(row) => row,
                Err(error) => {
                    self.failed = Some(error);
                    return Step::Broken;
                }
            },
            _ => thread,
        };
        let t_ns = self.time(event, Counted::StateTransition);
        let stack = dictionary.stack(stack, &mut self.names);
        let row = match self.goroutines.find(number) {
            Some(row) => {
                self.confirm(row, state, stack, t_ns);
                row
            }
            None => {
                let since_ns = self.sync_ns;
                self.troubles.repaired += u64::from(!self.is_first_generation());
                let mut now = Now::new(state, since_ns).at(stack);
                now.is_open_at_begin = true;
                match self.add(number, now) {
                    Some(row) => row,
                    None => return Step::Broken,
                }
            }
        };
        let sequence = self.sequence(0);
        let mut is_placed = false;
        if let Some(goroutine) = self.goroutines.get_mut(row) {
            goroutine.sequence = sequence;
            is_placed = goroutine.thread == thread;
        }
        self.name_by(row, stack);
        if !is_placed && matches!(state, State::Running | State::Syscall) {
            self.bind(thread, row, t_ns);
        }
        Step::Done
    }

    /// Sets a state right that is another one than events have told.
    fn confirm(&mut self, row: u32, state: State, stack: StackId, t_ns: u64) {
        let Some(goroutine) = self.goroutines.get_mut(row) else {
            return;
        };
        let known = if goroutine.is_running() {
            State::Running
        } else {
            goroutine.now.state
        };
        if known != state {
            self.troubles.repaired += 1;
            self.enter(row, Now::new(state, t_ns).at(stack));
            self.release(row);
        } else if goroutine.now.stack.is_empty() && state != State::Running {
            goroutine.now.stack = stack;
        }
    }

    pub(super) fn go_create(
        &mut self,
        event: &Event,
        thread: u32,
        dictionary: &mut Dictionary,
        is_blocked: bool,
    ) -> Step {
        let (creator, proc) = self.context(thread);
        let creator = self.goroutines.get(creator);
        if proc == NONE || creator.is_some_and(|creator| !creator.is_running()) {
            return Step::Broken;
        }
        let creator = creator.map_or(0, |creator| creator.number);
        let [number, stack, ..] = event.args;
        let t_ns = self.time(event, Counted::StateTransition);
        let stack = dictionary.stack(stack, &mut self.names);
        let state = if is_blocked {
            State::Waiting
        } else {
            State::Runnable
        };
        let now = Now::new(state, t_ns).at(stack).woken_by(creator);
        let Some(row) = self.add(number, now) else {
            return Step::Broken;
        };
        self.name_by(row, stack);
        Step::Done
    }

    pub(super) fn go_create_syscall(&mut self, event: &Event, thread: u32) -> Step {
        if self.context(thread).0 != NONE || self.thread_number(thread).is_none() {
            return Step::Broken;
        }
        let t_ns = self.time(event, Counted::StateTransition);
        let Some(row) = self.add(event.args[0], Now::new(State::Syscall, t_ns)) else {
            return Step::Broken;
        };
        self.bind(thread, row, t_ns);
        Step::Done
    }

    #[inline]
    pub(super) fn go_start(&mut self, event: &Event, thread: u32) -> Step {
        let [number, sequence, ..] = event.args;
        let sequence = self.sequence(sequence);
        let Some(row) = self.next_of(number, sequence, State::Runnable) else {
            return Step::Later;
        };
        if self.context(thread).1 == NONE && !self.is_forced {
            return Step::Broken;
        }
        let t_ns = self.time(event, Counted::StateTransition);
        self.start(row, sequence, thread, t_ns);
        Step::Done
    }

    fn start(&mut self, row: u32, sequence: Sequence, thread: u32, t_ns: u64) {
        let Some(goroutine) = self.goroutines.get_mut(row) else {
            return;
        };
        goroutine.sequence = sequence;
        let now = goroutine.running_from(t_ns);
        self.enter(row, now);
        self.bind(thread, row, t_ns);
    }

    #[inline]
    pub(super) fn go_stop(
        &mut self,
        event: &Event,
        thread: u32,
        dictionary: &mut Dictionary,
    ) -> Step {
        self.go_leaves(event, thread, State::Runnable, dictionary)
    }

    #[inline]
    pub(super) fn go_block(
        &mut self,
        event: &Event,
        thread: u32,
        dictionary: &mut Dictionary,
    ) -> Step {
        self.go_leaves(event, thread, State::Waiting, dictionary)
    }

    fn go_leaves(
        &mut self,
        event: &Event,
        thread: u32,
        state: State,
        dictionary: &mut Dictionary,
    ) -> Step {
        let Some(row) = self.runs_on(thread) else {
            return Step::Broken;
        };
        let [reason, stack, ..] = event.args;
        let t_ns = self.time(event, Counted::StateTransition);
        let reason = dictionary.text(reason, &mut self.names);
        let stack = dictionary.stack(stack, &mut self.names);
        self.name_by(row, stack);
        self.enter(row, Now::new(state, t_ns).at(stack).because(reason));
        self.release(row);
        Step::Done
    }

    #[inline]
    pub(super) fn go_unblock(&mut self, event: &Event, thread: u32) -> Step {
        let [number, sequence, ..] = event.args;
        let sequence = self.sequence(sequence);
        let Some(row) = self.next_of(number, sequence, State::Waiting) else {
            return Step::Later;
        };
        let t_ns = self.time(event, Counted::StateTransition);
        self.wake(row, sequence, thread, t_ns);
        Step::Done
    }

    fn wake(&mut self, row: u32, sequence: Sequence, thread: u32, t_ns: u64) {
        let waker = self.goroutines.get(self.context(thread).0);
        let waker = waker.map_or(0, |waker| waker.number);
        let Some(goroutine) = self.goroutines.get_mut(row) else {
            return;
        };
        goroutine.sequence = sequence;
        // Where it waited is where it goes on.
        let stack = goroutine.now.stack;
        let now = Now::new(State::Runnable, t_ns).at(stack).woken_by(waker);
        self.enter(row, now);
        self.release(row);
    }

    pub(super) fn go_destroy(&mut self, event: &Event, thread: u32) -> Step {
        let Some(row) = self.runs_on(thread) else {
            return Step::Broken;
        };
        let t_ns = self.time(event, Counted::StateTransition);
        self.end_goroutine(row, t_ns, false);
        Step::Done
    }

    /// A coroutine hands over: the next is woken, the current one blocks or ends, the next starts.
    pub(super) fn go_switch(&mut self, event: &Event, thread: u32, ends: bool) -> Step {
        let Some(current) = self.runs_on(thread) else {
            return Step::Broken;
        };
        let [number, sequence, ..] = event.args;
        let sequence = self.sequence(sequence);
        let Some(next) = self.next_of(number, sequence, State::Waiting) else {
            return Step::Later;
        };
        if next == current {
            return Step::Broken;
        }
        let woken_ns = self.time(event, Counted::StateTransition);
        self.wake(next, sequence, thread, woken_ns);
        let left_ns = self.time(event, Counted::StateTransition);
        if ends {
            self.end_goroutine(current, left_ns, false);
        } else {
            self.enter(current, Now::new(State::Waiting, left_ns));
            self.release(current);
        }
        let started_ns = self.time(event, Counted::StateTransition);
        self.start(next, sequence, thread, started_ns);
        Step::Done
    }

    pub(super) fn syscall_begin(
        &mut self,
        event: &Event,
        thread: u32,
        dictionary: &mut Dictionary,
    ) -> Step {
        let Some(row) = self.runs_on(thread) else {
            return Step::Broken;
        };
        let [sequence, stack, ..] = event.args;
        let sequence = self.sequence(sequence);
        let proc = self.context(thread).1;
        if let Some(proc) = self.procs.get_mut(proc as usize) {
            self.troubles.repaired += u64::from(!sequence.follows(proc.sequence));
            proc.status = ProcStatus::Syscall;
            proc.sequence = sequence;
        }
        let t_ns = self.time(event, Counted::StateTransition);
        let stack = dictionary.stack(stack, &mut self.names);
        self.name_by(row, stack);
        self.enter(row, Now::new(State::Syscall, t_ns).at(stack));
        Step::Done
    }

    pub(super) fn syscall_end(&mut self, event: &Event, thread: u32) -> Step {
        let Some((row, proc)) = self.user_context(thread) else {
            return Step::Broken;
        };
        let (Some(goroutine), Some(proc)) =
            (self.goroutines.get(row), self.procs.get_mut(proc as usize))
        else {
            return Step::Broken;
        };
        if goroutine.now.state != State::Syscall || proc.status != ProcStatus::Syscall {
            return Step::Broken;
        }
        proc.status = ProcStatus::Running;
        let mut now = goroutine.running_from(0);
        now.since_ns = self.time(event, Counted::StateTransition);
        self.enter(row, now);
        Step::Done
    }

    pub(super) fn syscall_end_blocked(&mut self, event: &Event, thread: u32) -> Step {
        let (row, proc) = self.context(thread);
        let proc = self.procs.get(proc as usize);
        // It lost its processor: that has to be told first.
        if proc.is_some_and(|proc| proc.status == ProcStatus::Syscall) && !self.is_forced {
            return Step::Later;
        }
        let Some(goroutine) = self.goroutines.get(row) else {
            return Step::Broken;
        };
        if goroutine.now.state != State::Syscall {
            return Step::Broken;
        }
        let stack = goroutine.now.stack;
        let t_ns = self.time(event, Counted::StateTransition);
        self.enter(row, Now::new(State::Runnable, t_ns).at(stack));
        self.release(row);
        Step::Done
    }

    pub(super) fn go_destroy_syscall(&mut self, event: &Event, thread: u32) -> Step {
        let (row, proc) = self.context(thread);
        let goroutine = self.goroutines.get(row);
        if goroutine.is_none_or(|goroutine| goroutine.now.state != State::Syscall) {
            return Step::Broken;
        }
        if proc != NONE {
            self.abandon_proc(proc, event);
        }
        let t_ns = self.time(event, Counted::StateTransition);
        self.end_goroutine(row, t_ns, false);
        Step::Done
    }
}

fn state_of(status: u64) -> Option<State> {
    Some(match status {
        1 => State::Runnable,
        2 => State::Running,
        3 => State::Syscall,
        4 => State::Waiting,
        _ => return None,
    })
}
