//! A summary with its texts, in the order in which it is read: largest first.

use hashbrown::HashMap;
use serde::Serialize;

use crate::generation::ClockSnapshot;
use crate::names::{Names, TextId};
use crate::read::Outcome;
use crate::sink::State;
use crate::summary::{Course, Group, Summary, Tally, Totals};

/// Time in one state.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct StateReport {
    /// `running`, `assist`, `runnable`, `waiting` or `syscall`.
    pub state: &'static str,
    /// Together, ns.
    pub ns: u64,
    /// How often.
    pub count: u64,
    /// The longest, ns.
    pub longest_ns: u64,
}

/// Time in one state for one reason.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ReasonReport {
    /// As in [`StateReport`].
    pub state: &'static str,
    /// As the runtime names it; empty where the trace does not tell.
    pub reason: String,
    /// Together, ns.
    pub ns: u64,
    /// How often.
    pub count: u64,
    /// The longest, ns.
    pub longest_ns: u64,
}

/// Goroutines that were started for one function.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct GroupReport {
    /// The function; empty where no stack was seen.
    pub name: String,
    /// How many.
    pub goroutines: u64,
    /// How many of them existed before the trace began.
    pub open_at_begin: u64,
    /// How many still existed when it ended.
    pub open_at_end: u64,
    /// Time by state, all states.
    pub states: Vec<StateReport>,
    /// Time by reason, most first.
    pub reasons: Vec<ReasonReport>,
}

/// One goroutine.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct GoroutineReport {
    /// Its number.
    pub goroutine: u64,
    /// The function it was started for; empty where no stack was seen.
    pub name: String,
    /// Creation, or the trace's beginning.
    pub begin_ns: u64,
    /// End, or the trace's.
    pub end_ns: u64,
    /// Whether it existed before.
    pub is_open_at_begin: bool,
    /// Whether it still existed.
    pub is_open_at_end: bool,
    /// Time by state, all states.
    pub states: Vec<StateReport>,
    /// Time by reason, most first.
    pub reasons: Vec<ReasonReport>,
}

/// Spans of one name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SpanReport {
    /// The name.
    pub name: String,
    /// Together, ns.
    pub ns: u64,
    /// How many.
    pub count: u64,
    /// The longest, ns.
    pub longest_ns: u64,
}

/// The garbage collector.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct GcReport {
    /// Marking phases.
    pub mark: SpanReport,
    /// Sweeping on processors.
    pub sweep: SpanReport,
    /// Assists of goroutines, their waits included.
    pub assist: SpanReport,
    /// Bytes looked at by sweeping.
    pub swept_bytes: u64,
    /// Bytes that it set free.
    pub freed_bytes: u64,
    /// Beginning and end of marking phases, the first ten thousand.
    pub cycles: Vec<(u64, u64)>,
}

/// One processor (P).
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ProcReport {
    /// Its number.
    pub proc: u32,
    /// In use, ns.
    pub running_ns: u64,
    /// How often it was taken into use.
    pub count: u64,
}

/// The heap.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct HeapReport {
    /// Bytes at the beginning; 0 where the trace does not tell.
    pub first_bytes: u64,
    /// Bytes at the end.
    pub last_bytes: u64,
    /// Bytes at least.
    pub least_bytes: u64,
    /// Bytes at most.
    pub most_bytes: u64,
    /// How often the trace tells.
    pub changes: u64,
}

/// What is in a trace. Times are nanoseconds of the trace's clock.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Report {
    /// Format: `1.26` is that of Go 1.26.
    pub version: String,
    /// Bytes read.
    pub bytes: u64,
    /// Generations.
    pub generations: u64,
    /// Beginning.
    pub begin_ns: u64,
    /// Last event.
    pub end_ns: u64,
    /// The same moment on several clocks; since Go 1.25.
    pub clock: Option<ClockSnapshot>,
    /// Events by kind.
    pub events: std::collections::BTreeMap<&'static str, u64>,
    /// Goroutines that were seen.
    pub goroutine_count: u64,
    /// Time of all goroutines by state.
    pub states: Vec<StateReport>,
    /// Time of all goroutines by reason, most first.
    pub reasons: Vec<ReasonReport>,
    /// By the function that they were started for, most work first.
    pub groups: Vec<GroupReport>,
    /// One by one, most work first.
    pub goroutines: Vec<GoroutineReport>,
    /// Goroutines left out of `goroutines`.
    pub goroutines_left_out: u64,
    /// Garbage collection.
    pub gc: GcReport,
    /// Stops of the world by reason, longest first.
    pub stops: Vec<SpanReport>,
    /// Processors.
    pub procs: Vec<ProcReport>,
    /// GOMAXPROCS at the end; 0 where the trace does not tell.
    pub gomaxprocs: u64,
    /// Share of time in which processors were in use, 0 to 1; 0 where GOMAXPROCS is not known.
    pub utilisation: f64,
    /// Bytes allocated.
    pub heap_alloc: HeapReport,
    /// Goal of the collector.
    pub heap_goal: HeapReport,
    /// User tasks by name.
    pub tasks: Vec<SpanReport>,
    /// User regions by name.
    pub regions: Vec<SpanReport>,
    /// Messages by category.
    pub logs: std::collections::BTreeMap<String, u64>,
    /// Samples of the CPU profiler.
    pub cpu_samples: u64,
    /// What must be known before the numbers are believed.
    pub warnings: Vec<String>,
}

impl Summary {
    /// Puts the sums in words.
    #[must_use]
    pub fn report(mut self, outcome: &Outcome) -> Report {
        self.keep_rows();
        let names = &outcome.names;
        let mut all = Totals::default();
        let mut count = 0;
        for group in self.groups.values() {
            all.merge(&group.totals);
            count += group.goroutines;
        }
        let (begin_ns, end_ns) = (outcome.begin_ns, outcome.end_ns);
        Report {
            version: format!("1.{}", outcome.version),
            bytes: outcome.bytes,
            generations: outcome.generations,
            begin_ns,
            end_ns,
            clock: outcome.clock,
            events: outcome.events.iter().copied().collect(),
            goroutine_count: count,
            states: states(&all),
            reasons: reasons(&all, names),
            groups: groups(&self.groups, names),
            goroutines: self.goroutines(names),
            goroutines_left_out: self.rows_left_out,
            gc: self.gc(),
            stops: spans(&self.stops, names),
            procs: self.procs(),
            gomaxprocs: self.proc_limit.last,
            utilisation: self.utilisation(begin_ns, end_ns),
            heap_alloc: heap(&self.heap_alloc),
            heap_goal: heap(&self.heap_goal),
            tasks: spans(&self.tasks, names),
            regions: spans(&self.regions, names),
            logs: logs(&self.logs, names),
            cpu_samples: self.cpu_samples,
            warnings: outcome.warnings.clone(),
        }
    }

    fn goroutines(&self, names: &Names) -> Vec<GoroutineReport> {
        let rows = self.rows.iter().map(|(ended, totals)| GoroutineReport {
            goroutine: ended.goroutine,
            name: names.text(ended.name).to_owned(),
            begin_ns: ended.begin_ns,
            end_ns: ended.end_ns,
            is_open_at_begin: ended.is_open_at_begin,
            is_open_at_end: ended.is_open_at_end,
            states: states(totals),
            reasons: reasons(totals, names),
        });
        let mut rows: Vec<GoroutineReport> = rows.collect();
        rows.sort_by_key(|row| (std::cmp::Reverse(busy_ns(&row.states)), row.goroutine));
        rows
    }

    fn gc(&self) -> GcReport {
        GcReport {
            mark: span("mark".to_owned(), self.marks),
            sweep: span("sweep".to_owned(), self.sweeps),
            assist: span("assist".to_owned(), self.assists),
            swept_bytes: self.swept.swept_bytes,
            freed_bytes: self.swept.freed_bytes,
            cycles: self.cycles.clone(),
        }
    }

    fn procs(&self) -> Vec<ProcReport> {
        let used = (0..).zip(&self.procs).filter(|(_, tally)| tally.count > 0);
        used.map(|(proc, tally)| ProcReport {
            proc,
            running_ns: tally.ns,
            count: tally.count,
        })
        .collect()
    }

    fn utilisation(&self, begin_ns: u64, end_ns: u64) -> f64 {
        let limit = &self.proc_limit;
        let offered = limit.total(begin_ns, end_ns, self.proc_limit_first_ns);
        let used: f64 = self.procs.iter().map(|tally| tally.ns as f64).sum();
        if offered > 0.0 { used / offered } else { 0.0 }
    }
}

fn states(totals: &Totals) -> Vec<StateReport> {
    let states = State::ALL.iter().zip(totals.states);
    states
        .map(|(state, tally)| StateReport {
            state: state.name(),
            ns: tally.ns,
            count: tally.count,
            longest_ns: tally.longest_ns,
        })
        .collect()
}

fn reasons(totals: &Totals, names: &Names) -> Vec<ReasonReport> {
    let reasons = totals.reasons.iter();
    let mut rows: Vec<ReasonReport> = reasons
        .map(|&(state, reason, tally)| ReasonReport {
            state: state.name(),
            reason: names.text(reason).to_owned(),
            ns: tally.ns,
            count: tally.count,
            longest_ns: tally.longest_ns,
        })
        .collect();
    rows.sort_by(|one, other| {
        let by_text = || (one.state, &one.reason).cmp(&(other.state, &other.reason));
        other.ns.cmp(&one.ns).then_with(by_text)
    });
    rows
}

fn groups(groups: &HashMap<TextId, Group>, names: &Names) -> Vec<GroupReport> {
    let rows = groups.iter().map(|(&name, group)| GroupReport {
        name: names.text(name).to_owned(),
        goroutines: group.goroutines,
        open_at_begin: group.open_at_begin,
        open_at_end: group.open_at_end,
        states: states(&group.totals),
        reasons: reasons(&group.totals, names),
    });
    let mut rows: Vec<GroupReport> = rows.collect();
    rows.sort_by(|one, other| {
        let by_work = busy_ns(&other.states).cmp(&busy_ns(&one.states));
        by_work.then_with(|| one.name.cmp(&other.name))
    });
    rows
}

/// Time in which there was work.
fn busy_ns(states: &[StateReport]) -> u64 {
    let waiting = State::Waiting.name();
    let busy = states.iter().filter(|row| row.state != waiting);
    busy.map(|row| row.ns).fold(0, u64::saturating_add)
}

fn spans(tallies: &HashMap<TextId, Tally>, names: &Names) -> Vec<SpanReport> {
    let rows = tallies.iter();
    let mut rows: Vec<SpanReport> = rows
        .map(|(&name, &tally)| span(names.text(name).to_owned(), tally))
        .collect();
    rows.sort_by(|one, other| {
        let by_name = || one.name.cmp(&other.name);
        other.ns.cmp(&one.ns).then_with(by_name)
    });
    rows
}

fn span(name: String, tally: Tally) -> SpanReport {
    SpanReport {
        name,
        ns: tally.ns,
        count: tally.count,
        longest_ns: tally.longest_ns,
    }
}

fn heap(course: &Course) -> HeapReport {
    HeapReport {
        first_bytes: course.first,
        last_bytes: course.last,
        least_bytes: course.least,
        most_bytes: course.most,
        changes: course.changes,
    }
}

fn logs(counts: &HashMap<TextId, u64>, names: &Names) -> std::collections::BTreeMap<String, u64> {
    let counts = counts.iter();
    counts
        .map(|(&category, &count)| (names.text(category).to_owned(), count))
        .collect()
}
