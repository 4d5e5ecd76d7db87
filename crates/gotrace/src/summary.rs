//! Sums over a trace: by goroutine, by the function that goroutines were started for, and of the runtime.

use hashbrown::HashMap;

use crate::generation::ClockSnapshot;
use crate::names::{Names, TextId};
use crate::sink::{CpuSample, Ended, Interval, Level, Log, Sink, Span, SpanKind, State};

/// Goroutines of which sums are kept one by one, unless asked for more.
const MOST_ROWS: usize = 1_000;
/// Garbage collections that are kept one by one.
const MOST_CYCLES: usize = 10_000;
/// Reasons that are told apart; Go has some thirty.
const MOST_REASONS: usize = 200;

/// How long something took.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Tally {
    pub(crate) ns: u64,
    pub(crate) count: u64,
    pub(crate) longest_ns: u64,
}

impl Tally {
    pub(crate) fn add(&mut self, ns: u64) {
        self.merge(Self {
            ns,
            count: 1,
            longest_ns: ns,
        });
    }

    pub(crate) fn merge(&mut self, other: Self) {
        self.ns = self.ns.saturating_add(other.ns);
        self.count += other.count;
        self.longest_ns = self.longest_ns.max(other.longest_ns);
    }
}

/// Time by state, and by what was waited for.
#[derive(Clone, Debug, Default)]
pub(crate) struct Totals {
    pub(crate) states: [Tally; State::ALL.len()],
    pub(crate) reasons: Vec<(State, TextId, Tally)>,
}

impl Totals {
    fn add(&mut self, interval: &Interval) {
        let mut tally = Tally::default();
        tally.add(interval.end_ns.saturating_sub(interval.begin_ns));
        self.states[interval.state as usize].merge(tally);
        if interval.state == State::Waiting || !interval.reason.is_empty() {
            self.add_reason(interval.state, interval.reason, tally);
        }
    }

    pub(crate) fn merge(&mut self, other: &Self) {
        for (state, tally) in self.states.iter_mut().zip(other.states) {
            state.merge(tally);
        }
        for &(state, reason, tally) in &other.reasons {
            self.add_reason(state, reason, tally);
        }
    }

    fn add_reason(&mut self, state: State, reason: TextId, tally: Tally) {
        let is_full = self.reasons.len() >= MOST_REASONS;
        let is_new = |&(of, why, _): &(State, TextId, Tally)| (of, why) != (state, reason);
        let reason = if is_full && self.reasons.iter().all(is_new) {
            TextId::default()
        } else {
            reason
        };
        let mut known = self.reasons.iter_mut();
        match known.find(|&&mut (of, why, _)| (of, why) == (state, reason)) {
            Some((_, _, sum)) => sum.merge(tally),
            None => self.reasons.push((state, reason, tally)),
        }
    }

    /// Time in which it had work.
    fn busy_ns(&self) -> u64 {
        let waiting = self.states[State::Waiting as usize].ns;
        let all = self.states.iter().map(|tally| tally.ns);
        all.fold(0, u64::saturating_add).saturating_sub(waiting)
    }
}

/// All goroutines that were started for one function.
#[derive(Clone, Debug, Default)]
pub(crate) struct Group {
    pub(crate) goroutines: u64,
    pub(crate) open_at_begin: u64,
    pub(crate) open_at_end: u64,
    pub(crate) totals: Totals,
}

/// Bytes swept and set free.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Swept {
    pub(crate) swept_bytes: u64,
    pub(crate) freed_bytes: u64,
}

/// A level over time.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Course {
    pub(crate) first: u64,
    pub(crate) last: u64,
    pub(crate) least: u64,
    pub(crate) most: u64,
    pub(crate) changes: u64,
    /// Level times time, until the last change.
    area: u128,
    since_ns: u64,
}

impl Course {
    fn set(&mut self, t_ns: u64, value: u64) {
        if self.changes == 0 {
            (self.first, self.least) = (value, value);
        } else {
            self.area += self.area_until(t_ns);
        }
        (self.last, self.since_ns) = (value, t_ns);
        self.least = self.least.min(value);
        self.most = self.most.max(value);
        self.changes += 1;
    }

    fn area_until(&self, t_ns: u64) -> u128 {
        u128::from(self.last) * u128::from(t_ns.saturating_sub(self.since_ns))
    }

    /// Level times time from `begin_ns` on; before the first change the level was what it became.
    pub(crate) fn total(&self, begin_ns: u64, end_ns: u64, first_ns: u64) -> f64 {
        let before = u128::from(self.first) * u128::from(first_ns.saturating_sub(begin_ns));
        (before + self.area + self.area_until(end_ns)) as f64
    }
}

/// Sums over a trace, taken while it is read.
#[derive(Default)]
pub struct Summary {
    most_rows: usize,
    /// By slot.
    live: Vec<Totals>,
    pub(crate) rows: Vec<(Ended, Totals)>,
    pub(crate) rows_left_out: u64,
    pub(crate) groups: HashMap<TextId, Group>,
    pub(crate) procs: Vec<Tally>,
    pub(crate) heap_alloc: Course,
    pub(crate) heap_goal: Course,
    pub(crate) proc_limit: Course,
    pub(crate) proc_limit_first_ns: u64,
    pub(crate) marks: Tally,
    pub(crate) cycles: Vec<(u64, u64)>,
    pub(crate) sweeps: Tally,
    pub(crate) swept: Swept,
    pub(crate) assists: Tally,
    pub(crate) stops: HashMap<TextId, Tally>,
    pub(crate) tasks: HashMap<TextId, Tally>,
    pub(crate) regions: HashMap<TextId, Tally>,
    pub(crate) logs: HashMap<TextId, u64>,
    pub(crate) cpu_samples: u64,
}

impl Summary {
    /// Keeps the sums of the thousand goroutines with most work, besides those by function.
    #[must_use]
    pub fn new() -> Self {
        Self::with_goroutines(MOST_ROWS)
    }

    /// Keeps the sums of so many goroutines, those with most work.
    #[must_use]
    pub fn with_goroutines(most: usize) -> Self {
        Self {
            most_rows: most,
            ..Self::default()
        }
    }

    /// Leaves goroutines out that had less work than others, once there are too many.
    pub(crate) fn keep_rows(&mut self) {
        if self.rows.len() <= self.most_rows {
            return;
        }
        self.rows
            .sort_by_key(|(ended, totals)| (std::cmp::Reverse(totals.busy_ns()), ended.goroutine));
        self.rows_left_out += (self.rows.len() - self.most_rows) as u64;
        self.rows.truncate(self.most_rows);
    }
}

impl Sink for Summary {
    fn generation(&mut self, _t_ns: u64, _clock: Option<ClockSnapshot>) {}

    fn interval(&mut self, interval: &Interval, _names: &Names) {
        let slot = interval.slot as usize;
        if self.live.len() <= slot {
            self.live.resize_with(slot + 1, Totals::default);
        }
        self.live[slot].add(interval);
    }

    fn ended(&mut self, ended: &Ended, _names: &Names) {
        let live = self.live.get_mut(ended.slot as usize);
        let totals = live.map(std::mem::take).unwrap_or_default();
        let group = self.groups.entry(ended.name).or_default();
        group.goroutines += 1;
        group.open_at_begin += u64::from(ended.is_open_at_begin);
        group.open_at_end += u64::from(ended.is_open_at_end);
        group.totals.merge(&totals);
        self.rows.push((*ended, totals));
        if self.rows.len() / 2 > self.most_rows {
            self.keep_rows();
        }
    }

    fn span(&mut self, span: &Span, _names: &Names) {
        let ns = span.end_ns.saturating_sub(span.begin_ns);
        match span.kind {
            SpanKind::ProcRunning(proc) => {
                let proc = proc as usize;
                if self.procs.len() <= proc {
                    self.procs.resize(proc + 1, Tally::default());
                }
                self.procs[proc].add(ns);
            }
            SpanKind::Mark => {
                self.marks.add(ns);
                if self.cycles.len() < MOST_CYCLES {
                    self.cycles.push((span.begin_ns, span.end_ns));
                }
            }
            SpanKind::Sweep {
                swept_bytes,
                freed_bytes,
                ..
            } => {
                self.sweeps.add(ns);
                let swept = &mut self.swept;
                swept.swept_bytes = swept.swept_bytes.saturating_add(swept_bytes);
                swept.freed_bytes = swept.freed_bytes.saturating_add(freed_bytes);
            }
            SpanKind::Assist(_) => self.assists.add(ns),
            SpanKind::Stopped => self.stops.entry(span.name).or_default().add(ns),
            SpanKind::Task { .. } => self.tasks.entry(span.name).or_default().add(ns),
            SpanKind::Region { .. } => self.regions.entry(span.name).or_default().add(ns),
        }
    }

    fn level(&mut self, t_ns: u64, level: Level, value: u64) {
        match level {
            Level::HeapAlloc => self.heap_alloc.set(t_ns, value),
            Level::HeapGoal => self.heap_goal.set(t_ns, value),
            Level::Procs => {
                if self.proc_limit.changes == 0 {
                    self.proc_limit_first_ns = t_ns;
                }
                self.proc_limit.set(t_ns, value);
            }
        }
    }

    fn cpu_sample(&mut self, _sample: &CpuSample, _names: &Names) {
        self.cpu_samples += 1;
    }

    fn log(&mut self, log: &Log, _names: &Names) {
        *self.logs.entry(log.category).or_default() += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_course_knows_its_mean_and_extremes() {
        let mut course = Course::default();
        course.set(10, 4);
        course.set(20, 2);
        assert_eq!(
            (course.first, course.last, course.least, course.most),
            (4, 2, 2, 4)
        );
        // 4 until 20, then 2 until 30.
        assert!((course.total(0, 30, 10) - 100.0).abs() < 1e-9);
    }

    #[test]
    fn goroutines_with_most_work_are_kept() {
        let mut summary = Summary::with_goroutines(1);
        let names = Names::new(&crate::Limits::default());
        for (goroutine, ns) in [(1, 5), (2, 9), (3, 7)] {
            let ended = Ended {
                goroutine,
                slot: 0,
                name: TextId::default(),
                begin_ns: 0,
                end_ns: ns,
                is_open_at_begin: false,
                is_open_at_end: false,
            };
            let interval = Interval {
                goroutine,
                slot: 0,
                begin_ns: 0,
                end_ns: ns,
                state: State::Running,
                reason: TextId::default(),
                stack: crate::StackId::default(),
                thread: None,
                proc: None,
                waker: None,
                is_open_at_begin: false,
                is_open_at_end: false,
            };
            summary.interval(&interval, &names);
            summary.ended(&ended, &names);
        }
        summary.keep_rows();
        let kept: Vec<u64> = summary
            .rows
            .iter()
            .map(|(ended, _)| ended.goroutine)
            .collect();
        assert_eq!((kept, summary.rows_left_out), (vec![2], 2));
        let group = &summary.groups[&TextId::default()];
        assert_eq!(
            group.totals.states[0],
            Tally {
                ns: 21,
                count: 3,
                longest_ns: 9
            }
        );
    }
}
