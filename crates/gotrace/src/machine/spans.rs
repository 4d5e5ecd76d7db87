//! What goroutines and processors do besides: assists, stops of the world, sweeping.

use super::goroutines::Now;
use super::procs::Sweep;
use super::{Machine, NEVER, NONE, Step};
use crate::dictionary::Dictionary;
use crate::events::{Counted, Event};
use crate::names::{StackId, TextId};
use crate::sink::{Sink, Span, SpanKind, State};

/// Marking of a goroutine, in return for what it allocates.
#[derive(Clone, Copy)]
pub(super) struct Assist {
    since_ns: u64,
    pub(super) stack: StackId,
    is_open_at_begin: bool,
}

/// A stop of the world by a goroutine.
#[derive(Clone, Copy)]
pub(super) struct Stop {
    since_ns: u64,
    reason: TextId,
    stack: StackId,
}

impl<S: Sink> Machine<'_, S> {
    /// A goroutine assists as a generation begins; it may be waiting meanwhile.
    pub(super) fn assist_active(&mut self, event: &Event) -> Step {
        let Some(row) = self.goroutines.find(event.args[0]) else {
            return Step::Broken;
        };
        let t_ns = self.time(event, Counted::RangeActive);
        let since_ns = self.sync_ns;
        let is_first = self.is_first_generation();
        let Some(goroutine) = self.goroutines.get_mut(row) else {
            return Step::Broken;
        };
        if goroutine.assist.is_some() {
            return Step::Done;
        }
        goroutine.assist = Some(Assist {
            since_ns,
            stack: StackId::default(),
            is_open_at_begin: true,
        });
        self.troubles.repaired += u64::from(!is_first);
        if goroutine.now.state == State::Running {
            if goroutine.now.is_open_at_begin {
                goroutine.now.state = State::Assisting;
            } else {
                self.enter(row, Now::new(State::Assisting, t_ns));
            }
        }
        Step::Done
    }

    pub(super) fn assist_begin(
        &mut self,
        event: &Event,
        thread: u32,
        dictionary: &mut Dictionary,
    ) -> Step {
        let Some(row) = self.owner(thread) else {
            return Step::Broken;
        };
        let t_ns = self.time(event, Counted::RangeBegin);
        let stack = dictionary.stack(event.args[0], &mut self.names);
        self.assist_stops(row, t_ns, false);
        let Some(goroutine) = self.goroutines.get_mut(row) else {
            return Step::Broken;
        };
        goroutine.assist = Some(Assist {
            since_ns: t_ns,
            stack,
            is_open_at_begin: false,
        });
        if goroutine.is_running() {
            self.enter(row, Now::new(State::Assisting, t_ns).at(stack));
        }
        Step::Done
    }

    pub(super) fn assist_end(&mut self, event: &Event, thread: u32) -> Step {
        let Some(row) = self.owner(thread) else {
            return Step::Broken;
        };
        let goroutine = self.goroutines.get(row);
        if goroutine.is_none_or(|goroutine| goroutine.assist.is_none()) {
            return Step::Broken;
        }
        let t_ns = self.time(event, Counted::RangeEnd);
        self.assist_stops(row, t_ns, false);
        let goroutine = self.goroutines.get(row);
        if goroutine.is_some_and(|goroutine| goroutine.now.state == State::Assisting) {
            self.enter(row, Now::new(State::Running, t_ns));
        }
        Step::Done
    }

    pub(super) fn stop_begin(
        &mut self,
        event: &Event,
        thread: u32,
        dictionary: &mut Dictionary,
    ) -> Step {
        let Some(row) = self.owner(thread) else {
            return Step::Broken;
        };
        let [reason, stack, ..] = event.args;
        let since_ns = self.time(event, Counted::RangeBegin);
        let stop = Stop {
            since_ns,
            reason: dictionary.text(reason, &mut self.names),
            stack: dictionary.stack(stack, &mut self.names),
        };
        self.stop_ends(row, since_ns, false);
        if let Some(goroutine) = self.goroutines.get_mut(row) {
            goroutine.stop = Some(stop);
        }
        Step::Done
    }

    pub(super) fn stop_end(&mut self, event: &Event, thread: u32) -> Step {
        let Some(row) = self.owner(thread) else {
            return Step::Broken;
        };
        let goroutine = self.goroutines.get(row);
        if goroutine.is_none_or(|goroutine| goroutine.stop.is_none()) {
            return Step::Broken;
        }
        let t_ns = self.time(event, Counted::RangeEnd);
        self.stop_ends(row, t_ns, false);
        Step::Done
    }

    pub(super) fn sweep_active(&mut self, event: &Event) -> Step {
        let row = u32::try_from(event.args[0]).unwrap_or(NONE);
        let since = self.sync_ns;
        let is_first = self.is_first_generation();
        let Some(proc) = self.procs.get_mut(row as usize) else {
            return Step::Broken;
        };
        if proc.sweep.since == NEVER {
            proc.sweep = Sweep {
                since,
                stack: StackId::default(),
                is_open_at_begin: true,
            };
            self.troubles.repaired += u64::from(!is_first);
        }
        self.time(event, Counted::RangeActive);
        Step::Done
    }

    pub(super) fn sweep_begin(
        &mut self,
        event: &Event,
        thread: u32,
        dictionary: &mut Dictionary,
    ) -> Step {
        let row = self.context(thread).1;
        if self.procs.get(row as usize).is_none() {
            return Step::Broken;
        }
        let since = self.time(event, Counted::RangeBegin);
        self.sweep_ends(row, since, (0, 0), false);
        let stack = dictionary.stack(event.args[0], &mut self.names);
        if let Some(proc) = self.procs.get_mut(row as usize) {
            proc.sweep = Sweep {
                since,
                stack,
                is_open_at_begin: false,
            };
        }
        Step::Done
    }

    pub(super) fn sweep_end(&mut self, event: &Event, thread: u32) -> Step {
        let row = self.context(thread).1;
        let proc = self.procs.get(row as usize);
        if proc.is_none_or(|proc| proc.sweep.since == NEVER) {
            return Step::Broken;
        }
        let [swept, freed, ..] = event.args;
        let t_ns = self.time(event, Counted::RangeEnd);
        self.sweep_ends(row, t_ns, (swept, freed), false);
        Step::Done
    }

    /// Ends sweeping on a processor, if there is any, which swept and freed so many bytes.
    pub(super) fn sweep_ends(&mut self, row: u32, end_ns: u64, bytes: (u64, u64), is_open: bool) {
        let Some(proc) = self.procs.get_mut(row as usize) else {
            return;
        };
        let sweep = std::mem::take(&mut proc.sweep);
        if sweep.since == NEVER {
            return;
        }
        let (swept_bytes, freed_bytes) = bytes;
        let span = Span {
            kind: SpanKind::Sweep {
                proc: row,
                swept_bytes,
                freed_bytes,
            },
            name: TextId::default(),
            begin_ns: sweep.since,
            end_ns,
            stack: sweep.stack,
            is_open_at_begin: sweep.is_open_at_begin,
            is_open_at_end: is_open,
        };
        self.sink.span(&span, &self.names);
    }

    /// Ends all that a goroutine does besides.
    pub(super) fn spans_end(&mut self, row: u32, end_ns: u64, is_open_at_end: bool) {
        self.assist_stops(row, end_ns, is_open_at_end);
        self.stop_ends(row, end_ns, is_open_at_end);
        self.regions_end(row, end_ns, is_open_at_end);
    }

    fn assist_stops(&mut self, row: u32, end_ns: u64, is_open_at_end: bool) {
        let Some(goroutine) = self.goroutines.get_mut(row) else {
            return;
        };
        let Some(assist) = goroutine.assist.take() else {
            return;
        };
        let span = Span {
            kind: SpanKind::Assist(goroutine.number),
            name: TextId::default(),
            begin_ns: assist.since_ns,
            end_ns,
            stack: assist.stack,
            is_open_at_begin: assist.is_open_at_begin,
            is_open_at_end,
        };
        self.sink.span(&span, &self.names);
    }

    fn stop_ends(&mut self, row: u32, end_ns: u64, is_open_at_end: bool) {
        let goroutine = self.goroutines.get_mut(row);
        let Some(stop) = goroutine.and_then(|goroutine| goroutine.stop.take()) else {
            return;
        };
        let span = Span {
            kind: SpanKind::Stopped,
            name: stop.reason,
            begin_ns: stop.since_ns,
            end_ns,
            stack: stop.stack,
            is_open_at_begin: false,
            is_open_at_end,
        };
        self.sink.span(&span, &self.names);
    }

    /// The goroutine that a thread with a processor has, whatever it does.
    pub(super) fn owner(&self, thread: u32) -> Option<u32> {
        self.user_context(thread).map(|(row, _)| row)
    }
}
