//! Go's scheduler in small: who runs what. It says whether an event may come next, and tells what follows from it.

mod collector;
mod goroutines;
mod moves;
mod procs;
mod rows;
mod spans;
mod user;

use hashbrown::HashMap;

use crate::dictionary::Dictionary;
use crate::events::{self, COUNTED, Counted, Event};
use crate::generation::{Generation, RawSample};
use crate::limits::{Limits, TraceError};
use crate::names::Names;
use crate::sink::{CpuSample, Level, Sink};
use collector::Collector;
use goroutines::Goroutine;
use procs::Proc;
use rows::Rows;
use user::Task;

/// No row; numbers without one are looked up.
const NONE: u32 = u32::MAX;
/// What the trace writes for no thread.
const NO_THREAD: u64 = u64::MAX;
/// A span that has not begun.
const NEVER: u64 = u64::MAX;

/// What became of an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// It was applied.
    Done,
    /// Something of another thread has to come before it.
    Later,
    /// It cannot be: something before it is missing.
    Broken,
}

/// A place in the order of events of one goroutine or processor.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Sequence {
    generation: u64,
    number: u64,
}

impl Sequence {
    fn follows(self, before: Self) -> bool {
        self.generation == before.generation && before.number.checked_add(1) == Some(self.number)
    }
}

/// A thread, and what it runs.
struct Thread {
    number: u64,
    goroutine: u32,
    proc: u32,
}

/// What was missing or wrong.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Troubles {
    /// Events passed over.
    pub(crate) broken: u64,
    /// Events that came before what they wait for, which never came.
    pub(crate) forced: u64,
    /// States set right where a generation began.
    pub(crate) repaired: u64,
    /// Texts and stacks that no table has.
    pub(crate) missing: u64,
}

/// All that exists at a point of the trace.
pub(crate) struct Machine<'s, S> {
    sink: &'s mut S,
    pub(crate) names: Names,
    pub(crate) counts: [u64; COUNTED.len()],
    pub(crate) troubles: Troubles,
    pub(crate) begin_ns: u64,
    pub(crate) end_ns: u64,
    limits: Limits,
    generation: u64,
    first_generation: u64,
    /// When the generation began: states told by it are at least as old.
    sync_ns: u64,
    last_ns: u64,
    goroutines: Rows<Goroutine>,
    procs: Vec<Proc>,
    threads: Vec<Thread>,
    thread_rows: HashMap<u64, u32>,
    collector: Collector,
    tasks: HashMap<u64, Task>,
    regions: usize,
    /// Events no longer wait: what they wait for is lost.
    is_forced: bool,
    failed: Option<TraceError>,
}

impl<'s, S: Sink> Machine<'s, S> {
    pub(crate) fn new(sink: &'s mut S, limits: &Limits) -> Self {
        Self {
            sink,
            names: Names::new(limits),
            counts: [0; COUNTED.len()],
            troubles: Troubles::default(),
            begin_ns: 0,
            end_ns: 0,
            limits: *limits,
            generation: 0,
            first_generation: 0,
            sync_ns: 0,
            last_ns: 0,
            goroutines: Rows::default(),
            procs: Vec::new(),
            threads: Vec::new(),
            thread_rows: HashMap::new(),
            collector: Collector::default(),
            tasks: HashMap::new(),
            regions: 0,
            is_forced: false,
            failed: None,
        }
    }

    /// Begins a generation.
    pub(crate) fn begin(&mut self, generation: &Generation) {
        self.generation = generation.number;
        self.sync_ns = self.time_of(generation.begin_ns, Counted::Sync);
        if self.first_generation == 0 {
            self.first_generation = generation.number;
            self.begin_ns = self.sync_ns;
        }
        self.end_ns = self.end_ns.max(self.begin_ns);
        self.sink.generation(self.sync_ns, generation.clock);
    }

    /// Row of a thread, made if it is new.
    pub(crate) fn thread_row(&mut self, number: u64) -> Result<u32, TraceError> {
        if let Some(&row) = self.thread_rows.get(&number) {
            return Ok(row);
        }
        if self.threads.len() >= self.limits.goroutines {
            return Err(self.too_many("threads"));
        }
        let row = self.threads.len() as u32;
        self.threads.push(Thread {
            number,
            goroutine: NONE,
            proc: NONE,
        });
        self.thread_rows.insert(number, row);
        Ok(row)
    }

    /// Applies an event of a thread, unless something else has to come first.
    #[inline]
    pub(crate) fn advance(
        &mut self,
        event: &Event,
        thread: u32,
        dictionary: &mut Dictionary,
    ) -> Step {
        match event.kind {
            events::GO_START => self.go_start(event, thread),
            events::GO_BLOCK => self.go_block(event, thread, dictionary),
            events::GO_UNBLOCK => self.go_unblock(event, thread),
            events::GO_STOP => self.go_stop(event, thread, dictionary),
            events::GO_SYSCALL_BEGIN => self.syscall_begin(event, thread, dictionary),
            events::GO_SYSCALL_END => self.syscall_end(event, thread),
            events::GO_SYSCALL_END_BLOCKED => self.syscall_end_blocked(event, thread),
            events::PROC_START => self.proc_start(event, thread),
            events::PROC_STOP => self.proc_stop(event, thread),
            events::PROC_STEAL => self.proc_steal(event, thread),
            events::PROC_STATUS => self.proc_status(event, thread),
            events::GO_CREATE => self.go_create(event, thread, dictionary, false),
            events::GO_CREATE_BLOCKED => self.go_create(event, thread, dictionary, true),
            events::GO_CREATE_SYSCALL => self.go_create_syscall(event, thread),
            events::GO_DESTROY => self.go_destroy(event, thread),
            events::GO_DESTROY_SYSCALL => self.go_destroy_syscall(event, thread),
            events::GO_SWITCH => self.go_switch(event, thread, false),
            events::GO_SWITCH_DESTROY => self.go_switch(event, thread, true),
            events::GO_STATUS => self.go_status(event, thread, 0, dictionary),
            events::GO_STATUS_STACK => self.go_status(event, thread, event.args[3], dictionary),
            events::HEAP_ALLOC => self.heap(event, thread, Level::HeapAlloc),
            events::HEAP_GOAL => self.heap(event, thread, Level::HeapGoal),
            events::PROCS_CHANGE => self.procs_change(event, thread),
            _ => self.advance_span(event, thread, dictionary),
        }
    }

    fn advance_span(&mut self, event: &Event, thread: u32, dictionary: &mut Dictionary) -> Step {
        match event.kind {
            events::GC_ACTIVE => self.gc_active(event, thread),
            events::GC_BEGIN => self.gc_begin(event, thread, dictionary),
            events::GC_END => self.gc_end(event, thread),
            events::SWEEP_ACTIVE => self.sweep_active(event),
            events::SWEEP_BEGIN => self.sweep_begin(event, thread, dictionary),
            events::SWEEP_END => self.sweep_end(event, thread),
            events::ASSIST_ACTIVE => self.assist_active(event),
            events::ASSIST_BEGIN => self.assist_begin(event, thread, dictionary),
            events::ASSIST_END => self.assist_end(event, thread),
            events::STW_BEGIN => self.stop_begin(event, thread, dictionary),
            events::STW_END => self.stop_end(event, thread),
            events::TASK_BEGIN => self.task_begin(event, thread, dictionary),
            events::TASK_END => self.task_end(event, thread),
            events::REGION_BEGIN => self.region_begin(event, thread, dictionary),
            events::REGION_END => self.region_end(event, thread, dictionary),
            events::USER_LOG => self.user_log(event, thread, dictionary),
            events::GO_LABEL => self.go_label(event, thread),
            // Of the allocator; they only take their place in time.
            _ => {
                self.time(event, Counted::Experimental);
                Step::Done
            }
        }
    }

    /// Applies an event although what it waits for has not come.
    pub(crate) fn force(
        &mut self,
        event: &Event,
        thread: u32,
        dictionary: &mut Dictionary,
    ) -> Step {
        self.is_forced = true;
        let step = self.advance(event, thread, dictionary);
        self.is_forced = false;
        if step == Step::Done {
            self.troubles.forced += 1;
        }
        step
    }

    /// Tells a sample of the CPU profiler.
    pub(crate) fn sample(&mut self, raw: &RawSample, dictionary: &mut Dictionary) {
        let t_ns = self.time_of(raw.time, Counted::StackSample);
        self.end_ns = t_ns;
        let sample = CpuSample {
            t_ns,
            goroutine: (raw.goroutine != 0).then_some(raw.goroutine),
            thread: raw.thread,
            proc: (raw.proc != u64::MAX).then_some(raw.proc),
            stack: dictionary.stack(raw.stack, &mut self.names),
        };
        self.sink.cpu_sample(&sample, &self.names);
    }

    /// What has become too much, if anything.
    #[inline]
    pub(crate) fn has_failed(&self) -> bool {
        self.failed.is_some()
    }

    pub(crate) fn take_failure(&mut self) -> Option<TraceError> {
        self.failed.take()
    }

    /// Ends all that is still going on.
    pub(crate) fn finish(&mut self) {
        let end_ns = self.end_ns;
        self.time_of(end_ns, Counted::Sync);
        for row in 0..self.goroutines.len() {
            self.end_goroutine(row, end_ns, true);
        }
        for proc in 0..self.procs.len() as u32 {
            self.sweep_ends(proc, end_ns, (0, 0), true);
            self.proc_rests(proc, end_ns, true);
        }
        self.mark_ends(end_ns, true);
        let mut open: Vec<(u64, Task)> = self.tasks.drain().collect();
        open.sort_by_key(|&(number, ref task)| (task.begin_ns, number));
        for (number, task) in open {
            self.task_ends(number, &task, end_ns, true);
        }
    }

    /// The time of an event in the order of all: one after the other, whatever clocks say.
    #[inline]
    fn time(&mut self, event: &Event, counted: Counted) -> u64 {
        self.end_ns = self.time_of(event.time, counted);
        self.end_ns
    }

    #[inline]
    fn time_of(&mut self, clock_ns: u64, counted: Counted) -> u64 {
        self.counts[counted as usize] += 1;
        self.last_ns = clock_ns.max(self.last_ns.saturating_add(1));
        self.last_ns
    }

    fn sequence(&self, number: u64) -> Sequence {
        Sequence {
            generation: self.generation,
            number,
        }
    }

    fn is_first_generation(&self) -> bool {
        self.generation == self.first_generation
    }

    /// Goroutine and processor of a thread; [`NONE`] where it has none.
    #[inline]
    fn context(&self, thread: u32) -> (u32, u32) {
        let thread = self.threads.get(thread as usize);
        thread.map_or((NONE, NONE), |thread| (thread.goroutine, thread.proc))
    }

    /// The same for what only a running goroutine does; nothing where none runs.
    #[inline]
    fn user_context(&self, thread: u32) -> Option<(u32, u32)> {
        let (goroutine, proc) = self.context(thread);
        (goroutine != NONE && proc != NONE).then_some((goroutine, proc))
    }

    /// Number of a thread; none for what runs on no thread of Go.
    fn thread_number(&self, thread: u32) -> Option<u64> {
        let number = self.threads.get(thread as usize)?.number;
        (number != NO_THREAD).then_some(number)
    }

    fn heap(&mut self, event: &Event, thread: u32, level: Level) -> Step {
        if self.context(thread).1 == NONE {
            return Step::Broken;
        }
        let t_ns = self.time(event, Counted::Metric);
        self.sink.level(t_ns, level, event.args[0]);
        Step::Done
    }

    fn procs_change(&mut self, event: &Event, thread: u32) -> Step {
        if self.user_context(thread).is_none() {
            return Step::Broken;
        }
        let t_ns = self.time(event, Counted::Metric);
        self.sink.level(t_ns, Level::Procs, event.args[0]);
        Step::Done
    }

    fn too_many(&self, what: &'static str) -> TraceError {
        TraceError::TooMany {
            what,
            limit: self.limits.goroutines,
        }
    }
}

/// Numbers of processors as they are told.
fn told(row: u32) -> Option<u32> {
    (row != NONE).then_some(row)
}
