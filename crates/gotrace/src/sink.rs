//! What a trace is told to: intervals of goroutines, spans, levels, samples.

use crate::generation::ClockSnapshot;
use crate::names::{Names, StackId, TextId};

/// What a goroutine does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum State {
    /// It runs.
    Running,
    /// It runs, and marks for the garbage collector in return for its allocations.
    Assisting,
    /// It could run, and waits for a processor.
    Runnable,
    /// It waits for something.
    Waiting,
    /// It is in a system call.
    Syscall,
}

impl State {
    /// All of them, in the order of their numbers.
    pub const ALL: [Self; 5] = [
        Self::Running,
        Self::Assisting,
        Self::Runnable,
        Self::Waiting,
        Self::Syscall,
    ];

    /// Its name in output.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Assisting => "assist",
            Self::Runnable => "runnable",
            Self::Waiting => "waiting",
            Self::Syscall => "syscall",
        }
    }
}

/// A stretch of time in which a goroutine was in one state. Times are nanoseconds of the trace's clock, as all here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Interval {
    /// Its number.
    pub goroutine: u64,
    /// A small number that no other goroutine has while this one exists.
    pub slot: u32,
    /// Beginning.
    pub begin_ns: u64,
    /// End.
    pub end_ns: u64,
    /// The state.
    pub state: State,
    /// Why it waits, or stopped running; empty where the trace does not tell.
    pub reason: TextId,
    /// Where it does: the goroutine's own stack as it entered the state, or before it was woken. Running has none.
    pub stack: StackId,
    /// Thread that ran it; none where it did not run.
    pub thread: Option<u64>,
    /// Processor (P) that ran it.
    pub proc: Option<u32>,
    /// The goroutine that woke or created it, for runnable ones.
    pub waker: Option<u64>,
    /// Whether it had begun before the trace did.
    pub is_open_at_begin: bool,
    /// Whether it still went on when the trace ended.
    pub is_open_at_end: bool,
}

/// A goroutine that ended, or of which the trace tells nothing further.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ended {
    /// Its number.
    pub goroutine: u64,
    /// As in its intervals; free for others from now on.
    pub slot: u32,
    /// The function it was started for; empty where no stack of it was seen.
    pub name: TextId,
    /// When it was created; where it existed before, the beginning of the trace.
    pub begin_ns: u64,
    /// Its end, or the trace's.
    pub end_ns: u64,
    /// Whether it existed before the trace began.
    pub is_open_at_begin: bool,
    /// Whether it still existed when the trace ended.
    pub is_open_at_end: bool,
}

/// What a [`Span`] is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SpanKind {
    /// A processor (P, its number) was in use.
    ProcRunning(u32),
    /// The garbage collector marked.
    Mark,
    /// A processor (P) swept.
    Sweep {
        /// The processor.
        proc: u32,
        /// Bytes that it looked at.
        swept_bytes: u64,
        /// Bytes that it set free.
        freed_bytes: u64,
    },
    /// A goroutine marked in return for allocations; it may have waited meanwhile.
    Assist(u64),
    /// All goroutines were stopped; the name says why.
    Stopped,
    /// A user task, of `trace.NewTask`.
    Task {
        /// Its number.
        task: u64,
        /// The task it is a part of; 0: none.
        parent: u64,
    },
    /// A user region, of `trace.WithRegion`.
    Region {
        /// Its task; 0: the background task.
        task: u64,
        /// Its goroutine.
        goroutine: u64,
    },
}

/// A stretch of time other than a goroutine's state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    /// What it is.
    pub kind: SpanKind,
    /// Its name, where it has one.
    pub name: TextId,
    /// Beginning.
    pub begin_ns: u64,
    /// End.
    pub end_ns: u64,
    /// Where it began.
    pub stack: StackId,
    /// Whether it had begun before the trace did.
    pub is_open_at_begin: bool,
    /// Whether it still went on when the trace ended.
    pub is_open_at_end: bool,
}

/// What was measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Level {
    /// Bytes in live and not yet swept objects.
    HeapAlloc,
    /// Bytes at which the next collection is to end.
    HeapGoal,
    /// GOMAXPROCS.
    Procs,
}

/// A sample of the CPU profiler.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CpuSample {
    /// Time.
    pub t_ns: u64,
    /// Goroutine; none where none ran.
    pub goroutine: Option<u64>,
    /// Thread.
    pub thread: u64,
    /// Processor (P); none where there was none.
    pub proc: Option<u64>,
    /// Where.
    pub stack: StackId,
}

/// A message of `trace.Log`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Log {
    /// Time.
    pub t_ns: u64,
    /// Its goroutine.
    pub goroutine: u64,
    /// Its task; 0: the background task.
    pub task: u64,
    /// Category.
    pub category: TextId,
    /// Text.
    pub message: TextId,
}

/// Takes what a trace tells, in the order of ends.
pub trait Sink {
    /// A generation begins at `t_ns`; since Go 1.25 with its clocks.
    fn generation(&mut self, t_ns: u64, clock: Option<ClockSnapshot>) {
        let _ = (t_ns, clock);
    }

    /// A goroutine left a state.
    fn interval(&mut self, interval: &Interval, names: &Names) {
        let _ = (interval, names);
    }

    /// A goroutine ended; all its intervals were told.
    fn ended(&mut self, ended: &Ended, names: &Names) {
        let _ = (ended, names);
    }

    /// A span ended.
    fn span(&mut self, span: &Span, names: &Names) {
        let _ = (span, names);
    }

    /// A level changed.
    fn level(&mut self, t_ns: u64, level: Level, value: u64) {
        let _ = (t_ns, level, value);
    }

    /// The CPU profiler saw something run.
    fn cpu_sample(&mut self, sample: &CpuSample, names: &Names) {
        let _ = (sample, names);
    }

    /// The program wrote a message.
    fn log(&mut self, log: &Log, names: &Names) {
        let _ = (log, names);
    }
}

/// Tells both.
impl<A: Sink, B: Sink> Sink for (A, B) {
    fn generation(&mut self, t_ns: u64, clock: Option<ClockSnapshot>) {
        self.0.generation(t_ns, clock);
        self.1.generation(t_ns, clock);
    }

    fn interval(&mut self, interval: &Interval, names: &Names) {
        self.0.interval(interval, names);
        self.1.interval(interval, names);
    }

    fn ended(&mut self, ended: &Ended, names: &Names) {
        self.0.ended(ended, names);
        self.1.ended(ended, names);
    }

    fn span(&mut self, span: &Span, names: &Names) {
        self.0.span(span, names);
        self.1.span(span, names);
    }

    fn level(&mut self, t_ns: u64, level: Level, value: u64) {
        self.0.level(t_ns, level, value);
        self.1.level(t_ns, level, value);
    }

    fn cpu_sample(&mut self, sample: &CpuSample, names: &Names) {
        self.0.cpu_sample(sample, names);
        self.1.cpu_sample(sample, names);
    }

    fn log(&mut self, log: &Log, names: &Names) {
        self.0.log(log, names);
        self.1.log(log, names);
    }
}

/// Tells nobody: only order and counts are wanted.
impl Sink for () {}
