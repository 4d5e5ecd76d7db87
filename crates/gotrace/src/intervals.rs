//! Intervals of goroutines as columns, of which the bytes are little-endian numbers.

use hashbrown::HashMap;

use crate::names::{Names, StackId, TextId};
use crate::sink::{Interval, Sink};

/// Stands for a thread that there is none of.
const NO_THREAD: i32 = -1;

/// Keeps intervals, up to a number of them.
///
/// A trace tells them in the order of their ends: what has no room is the end of the trace.
pub struct Intervals {
    most: usize,
    left_out: u64,
    columns: IntervalColumns,
    reasons: Numbered<TextId>,
    stacks: Numbered<StackId>,
}

/// One element an interval. Times are nanoseconds of the trace's clock.
#[derive(Default)]
pub struct IntervalColumns {
    /// Number of the goroutine.
    pub goroutine: Vec<i64>,
    /// Beginning.
    pub begin_ns: Vec<i64>,
    /// End, after the beginning.
    pub end_ns: Vec<i64>,
    /// Place in [`crate::State::ALL`].
    pub state: Vec<u8>,
    /// Place in [`IntervalTexts::reasons`].
    pub reason: Vec<i32>,
    /// The system's number of the thread that ran it; -1: none did.
    pub thread: Vec<i32>,
    /// Place in [`IntervalTexts::stack_ends`].
    pub stack: Vec<i32>,
    /// The goroutine that woke or created it, of runnable ones; -1: none is known.
    pub waker: Vec<i64>,
}

/// What the columns refer to.
#[derive(Default)]
pub struct IntervalTexts {
    /// Why goroutines wait or stopped running.
    pub reasons: Vec<String>,
    /// Functions by number, each once.
    pub functions: Vec<String>,
    /// Where in `stack_functions` each stack ends; it begins where the one before ends.
    pub stack_ends: Vec<i32>,
    /// Places in `functions`, stack by stack, leaf first.
    pub stack_functions: Vec<i32>,
}

impl Intervals {
    /// Keeps no more than `most` intervals.
    #[must_use]
    pub fn with_most(most: usize) -> Self {
        Self {
            most,
            left_out: 0,
            columns: IntervalColumns::default(),
            reasons: Numbered::default(),
            stacks: Numbered::default(),
        }
    }

    /// How many had no room.
    #[must_use]
    pub fn left_out(&self) -> u64 {
        self.left_out
    }

    /// The columns, and the texts that they refer to; `names` are those of the outcome.
    #[must_use]
    pub fn into_columns(self, names: &Names) -> (IntervalColumns, IntervalTexts) {
        let mut texts = IntervalTexts::default();
        for &reason in &self.reasons.values {
            texts.reasons.push(names.text(reason).to_owned());
        }
        let mut functions = Numbered::<TextId>::default();
        for &stack in &self.stacks.values {
            let found = names.frames(stack).map(|frame| frame.function);
            texts
                .stack_functions
                .extend(found.map(|function| functions.number(function)));
            texts.stack_ends.push(number(texts.stack_functions.len()));
        }
        for &function in &functions.values {
            texts.functions.push(names.text(function).to_owned());
        }
        (self.columns, texts)
    }
}

impl Sink for Intervals {
    fn interval(&mut self, interval: &Interval, _names: &Names) {
        if interval.end_ns <= interval.begin_ns {
            return;
        }
        if self.columns.state.len() >= self.most {
            self.left_out += 1;
            return;
        }
        let columns = &mut self.columns;
        columns.goroutine.push(signed(interval.goroutine));
        columns.begin_ns.push(signed(interval.begin_ns));
        columns.end_ns.push(signed(interval.end_ns));
        columns.state.push(interval.state as u8);
        columns.reason.push(self.reasons.number(interval.reason));
        let thread = interval
            .thread
            .and_then(|thread| i32::try_from(thread).ok());
        columns.thread.push(thread.unwrap_or(NO_THREAD));
        columns.stack.push(self.stacks.number(interval.stack));
        columns.waker.push(interval.waker.map_or(-1, signed));
    }
}

/// Values numbered from 0 in the order in which they come.
struct Numbered<T> {
    numbers: HashMap<T, i32>,
    values: Vec<T>,
}

impl<T> Default for Numbered<T> {
    fn default() -> Self {
        Self {
            numbers: HashMap::new(),
            values: Vec::new(),
        }
    }
}

impl<T: Copy + Eq + std::hash::Hash> Numbered<T> {
    fn number(&mut self, value: T) -> i32 {
        let next = number(self.values.len());
        *self.numbers.entry(value).or_insert_with(|| {
            self.values.push(value);
            next
        })
    }
}

fn signed(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}

fn number(value: usize) -> i32 {
    i32::try_from(value).unwrap_or(i32::MAX)
}
