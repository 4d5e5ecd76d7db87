//! What the program itself wrote: tasks, regions, messages, labels.

use super::{Machine, Step};
use crate::dictionary::Dictionary;
use crate::events::{Counted, Event};
use crate::names::{StackId, TextId};
use crate::sink::{Log, Sink, Span, SpanKind};

/// What the trace writes for no task, of regions and messages for the background task.
const NO_TASK: u64 = 0;

/// A task that has begun.
pub(super) struct Task {
    name: TextId,
    parent: u64,
    stack: StackId,
    pub(super) begin_ns: u64,
    is_open_at_begin: bool,
}

/// A region that has begun.
#[derive(Clone, Copy)]
pub(super) struct Region {
    task: u64,
    name: TextId,
    stack: StackId,
    begin_ns: u64,
}

impl<S: Sink> Machine<'_, S> {
    pub(super) fn task_begin(
        &mut self,
        event: &Event,
        thread: u32,
        dictionary: &mut Dictionary,
    ) -> Step {
        if self.owner(thread).is_none() {
            return Step::Broken;
        }
        if self.tasks.len() >= self.limits.goroutines {
            self.failed = Some(self.too_many("user tasks"));
            return Step::Broken;
        }
        let [number, parent, name, stack] = event.args;
        let begin_ns = self.time(event, Counted::TaskBegin);
        let task = Task {
            name: dictionary.text(name, &mut self.names),
            parent,
            stack: dictionary.stack(stack, &mut self.names),
            begin_ns,
            is_open_at_begin: false,
        };
        if let Some(before) = self.tasks.insert(number, task) {
            self.troubles.repaired += 1;
            self.task_ends(number, &before, begin_ns, false);
        }
        Step::Done
    }

    /// Tasks that began before the trace did have no name.
    pub(super) fn task_end(&mut self, event: &Event, thread: u32) -> Step {
        if self.owner(thread).is_none() {
            return Step::Broken;
        }
        let number = event.args[0];
        let end_ns = self.time(event, Counted::TaskEnd);
        let before = Task {
            name: TextId::default(),
            parent: NO_TASK,
            stack: StackId::default(),
            begin_ns: self.begin_ns,
            is_open_at_begin: true,
        };
        let task = self.tasks.remove(&number).unwrap_or(before);
        self.task_ends(number, &task, end_ns, false);
        Step::Done
    }

    pub(super) fn task_ends(&mut self, number: u64, task: &Task, end_ns: u64, is_open: bool) {
        let span = Span {
            kind: SpanKind::Task {
                task: number,
                parent: task.parent,
            },
            name: task.name,
            begin_ns: task.begin_ns,
            end_ns,
            stack: task.stack,
            is_open_at_begin: task.is_open_at_begin,
            is_open_at_end: is_open,
        };
        self.sink.span(&span, &self.names);
    }

    pub(super) fn region_begin(
        &mut self,
        event: &Event,
        thread: u32,
        dictionary: &mut Dictionary,
    ) -> Step {
        let Some(row) = self.owner(thread) else {
            return Step::Broken;
        };
        if self.regions >= self.limits.goroutines {
            self.failed = Some(self.too_many("open user regions"));
            return Step::Broken;
        }
        let [task, name, stack, _] = event.args;
        let begin_ns = self.time(event, Counted::RegionBegin);
        let region = Region {
            task,
            name: dictionary.text(name, &mut self.names),
            stack: dictionary.stack(stack, &mut self.names),
            begin_ns,
        };
        if let Some(goroutine) = self.goroutines.get_mut(row) {
            goroutine.regions.push(region);
            self.regions += 1;
        }
        Step::Done
    }

    pub(super) fn region_end(
        &mut self,
        event: &Event,
        thread: u32,
        dictionary: &mut Dictionary,
    ) -> Step {
        let Some(row) = self.owner(thread) else {
            return Step::Broken;
        };
        let [task, name, ..] = event.args;
        let end_ns = self.time(event, Counted::RegionEnd);
        let name = dictionary.text(name, &mut self.names);
        let Some(goroutine) = self.goroutines.get_mut(row) else {
            return Step::Broken;
        };
        let number = goroutine.number;
        let innermost = goroutine.regions.last().copied();
        match innermost {
            Some(region) if region.task == task && region.name == name => {
                goroutine.regions.pop();
                self.regions -= 1;
                self.region_ends(number, region, end_ns, false);
            }
            // Another one than the innermost: the program has mixed them up.
            Some(_) => self.troubles.repaired += 1,
            // It began before the trace did, which does not tell when.
            None => {}
        }
        Step::Done
    }

    /// Ends all regions of a goroutine, the innermost first.
    pub(super) fn regions_end(&mut self, row: u32, end_ns: u64, is_open_at_end: bool) {
        let Some(goroutine) = self.goroutines.get_mut(row) else {
            return;
        };
        let number = goroutine.number;
        let open = std::mem::take(&mut goroutine.regions);
        self.regions -= open.len();
        for region in open.into_iter().rev() {
            self.region_ends(number, region, end_ns, is_open_at_end);
        }
    }

    fn region_ends(&mut self, goroutine: u64, region: Region, end_ns: u64, is_open_at_end: bool) {
        let span = Span {
            kind: SpanKind::Region {
                task: region.task,
                goroutine,
            },
            name: region.name,
            begin_ns: region.begin_ns,
            end_ns,
            stack: region.stack,
            is_open_at_begin: false,
            is_open_at_end,
        };
        self.sink.span(&span, &self.names);
    }

    pub(super) fn user_log(
        &mut self,
        event: &Event,
        thread: u32,
        dictionary: &mut Dictionary,
    ) -> Step {
        let goroutine = self.owner(thread).and_then(|row| self.goroutines.get(row));
        let Some(goroutine) = goroutine.map(|goroutine| goroutine.number) else {
            return Step::Broken;
        };
        let [task, category, message, _] = event.args;
        let t_ns = self.time(event, Counted::Log);
        let log = Log {
            t_ns,
            goroutine,
            task,
            category: dictionary.text(category, &mut self.names),
            message: dictionary.text(message, &mut self.names),
        };
        self.sink.log(&log, &self.names);
        Step::Done
    }

    /// The runtime labels its own workers.
    pub(super) fn go_label(&mut self, event: &Event, thread: u32) -> Step {
        if self.owner(thread).is_none() {
            return Step::Broken;
        }
        self.time(event, Counted::Label);
        Step::Done
    }
}
