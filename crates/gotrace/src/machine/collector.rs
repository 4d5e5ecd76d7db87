//! The garbage collector's marking: it begins on one thread and ends on another, so it has a sequence of its own.

use super::{Machine, Step};
use crate::dictionary::Dictionary;
use crate::events::{Counted, Event};
use crate::names::{StackId, TextId};
use crate::sink::{Sink, Span, SpanKind};

/// Whether it marks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Marking {
    /// Nothing was told yet.
    #[default]
    Unknown,
    No,
    Yes,
}

/// What it does.
#[derive(Default)]
pub(super) struct Collector {
    marking: Marking,
    sequence: u64,
    since_ns: u64,
    stack: StackId,
    is_open_at_begin: bool,
}

impl<S: Sink> Machine<'_, S> {
    /// It marks as a generation begins.
    pub(super) fn gc_active(&mut self, event: &Event, thread: u32) -> Step {
        let sequence = event.args[0];
        if self.collector.marking == Marking::Unknown {
            self.time(event, Counted::RangeActive);
            let since_ns = self.sync_ns;
            self.mark_begins(sequence, since_ns, StackId::default(), true);
            return Step::Done;
        }
        if !self.is_next_of_collector(sequence) {
            return Step::Later;
        }
        if self.user_context(thread).is_none() {
            return Step::Broken;
        }
        let t_ns = self.time(event, Counted::RangeActive);
        if self.collector.marking == Marking::Yes {
            self.collector.sequence = sequence;
        } else {
            self.troubles.repaired += 1;
            self.mark_begins(sequence, t_ns, StackId::default(), true);
        }
        Step::Done
    }

    pub(super) fn gc_begin(
        &mut self,
        event: &Event,
        thread: u32,
        dictionary: &mut Dictionary,
    ) -> Step {
        let [sequence, stack, ..] = event.args;
        let is_known = self.collector.marking != Marking::Unknown;
        if is_known && !self.is_next_of_collector(sequence) {
            return Step::Later;
        }
        if is_known && self.user_context(thread).is_none() {
            return Step::Broken;
        }
        let t_ns = self.time(event, Counted::RangeBegin);
        self.mark_ends(t_ns, false);
        let stack = dictionary.stack(stack, &mut self.names);
        self.mark_begins(sequence, t_ns, stack, false);
        Step::Done
    }

    pub(super) fn gc_end(&mut self, event: &Event, thread: u32) -> Step {
        let sequence = event.args[0];
        if !self.is_next_of_collector(sequence) {
            return Step::Later;
        }
        if self.user_context(thread).is_none() {
            return Step::Broken;
        }
        let t_ns = self.time(event, Counted::RangeEnd);
        self.mark_ends(t_ns, false);
        self.collector.marking = Marking::No;
        self.collector.sequence = sequence;
        Step::Done
    }

    fn is_next_of_collector(&self, sequence: u64) -> bool {
        self.is_forced || self.collector.sequence.checked_add(1) == Some(sequence)
    }

    fn mark_begins(&mut self, sequence: u64, since_ns: u64, stack: StackId, is_open: bool) {
        self.collector = Collector {
            marking: Marking::Yes,
            sequence,
            since_ns,
            stack,
            is_open_at_begin: is_open,
        };
    }

    /// Ends the marking, if there is any.
    pub(super) fn mark_ends(&mut self, end_ns: u64, is_open_at_end: bool) {
        if self.collector.marking != Marking::Yes {
            return;
        }
        self.collector.marking = Marking::No;
        let span = Span {
            kind: SpanKind::Mark,
            name: TextId::default(),
            begin_ns: self.collector.since_ns,
            end_ns,
            stack: self.collector.stack,
            is_open_at_begin: self.collector.is_open_at_begin,
            is_open_at_end,
        };
        self.sink.span(&span, &self.names);
    }
}
