//! Beside the engine: counts ended requests, tells of live seconds, and keeps what goes to disk.

use std::io;
use std::os::fd::RawFd;
use std::time::Duration;

use histogram::{Histogram, LARGEST_NS};
use schedule::Plan;

use crate::engine::Live;
use crate::files::Files;
use crate::intervals::{Intervals, KINDS};
use crate::live::LiveSeconds;
use crate::log::{Logged, Row, Rows};
use crate::start::Start;
use crate::sys::thread;

const NS_PER_S: u64 = 1_000_000_000;
const TICK: Duration = Duration::from_millis(50);
/// Seconds after the last possible end of a request before its interval's histograms are put away.
const GRACE_S: u64 = 2;

/// Outcome counts of one operation.
#[derive(Clone, Debug, Default)]
pub(crate) struct OperationCounts {
    pub(crate) requests: u64,
    pub(crate) by_outcome: [u64; 5],
}

/// Sums over the whole play.
pub(crate) struct Totals {
    pub(crate) operations: Vec<OperationCounts>,
    pub(crate) send_lag: Histogram,
    /// Part of the send lag that the pacer caused.
    pub(crate) timer_lag: Histogram,
    /// Time from intended start to end, summed, in request-ns.
    pub(crate) latency_sum_ns: u128,
    pub(crate) clamped: u64,
    pub(crate) rows: u64,
}

impl Totals {
    fn new(operations: usize) -> Self {
        Self {
            operations: vec![OperationCounts::default(); operations],
            send_lag: Histogram::new(),
            timer_lag: Histogram::new(),
            latency_sum_ns: 0,
            clamped: 0,
            rows: 0,
        }
    }

    fn add(&mut self, row: &Row) {
        let operation = &mut self.operations[usize::from(row.operation)];
        operation.requests += 1;
        operation.by_outcome[row.outcome as usize] += 1;
        self.rows += 1;
        self.latency_sum_ns += u128::from(row.done_ns.saturating_sub(row.intended_ns));
        self.timer_lag
            .record(row.noticed_ns.saturating_sub(row.intended_ns));
        if row.sent_ns > 0 {
            self.send_lag
                .record(row.sent_ns.saturating_sub(row.intended_ns));
        }
    }
}

/// Latency, service time and send lag of a request, as far as it got. A request that got no answer
/// never counts as quicker than its time-out.
fn spans(row: &Row, timeout_ns: u64) -> [Option<u64>; KINDS] {
    let latency = row.done_ns.saturating_sub(row.intended_ns);
    let answered = row.outcome.is_answer();
    let sent = row.sent_ns > 0;
    [
        Some(if answered {
            latency
        } else {
            latency.max(timeout_ns)
        }),
        (sent && answered).then(|| row.done_ns.saturating_sub(row.sent_ns)),
        sent.then(|| row.sent_ns.saturating_sub(row.intended_ns)),
    ]
}

/// Receives the engines' rows until they end.
pub(crate) struct Recorder<'a> {
    start: &'a Start,
    timeouts_ns: Vec<u64>,
    longest_timeout_ns: u64,
    zero_ns: u64,
    totals: Totals,
    intervals: Intervals,
    seconds: LiveSeconds<'a>,
    files: Option<Files>,
    hurried: bool,
}

impl<'a> Recorder<'a> {
    pub(crate) fn new(
        plan: &Plan,
        start: &'a Start,
        lives: &'a [Live],
        events: Option<RawFd>,
        files: Option<Files>,
    ) -> Self {
        let operations = plan.operations().iter();
        let timeouts_ns: Vec<u64> = operations.map(|found| found.timeout_ns).collect();
        Self {
            start,
            longest_timeout_ns: timeouts_ns.iter().copied().max().unwrap_or(0),
            totals: Totals::new(timeouts_ns.len()),
            intervals: Intervals::new(timeouts_ns.len()),
            timeouts_ns,
            zero_ns: 0,
            seconds: LiveSeconds::new(lives, events),
            files,
            hurried: false,
        }
    }

    /// Receives until all engines have ended, then completes the files.
    pub(crate) fn run(mut self, mut engines: Vec<Rows>) -> io::Result<Totals> {
        while !engines.is_empty() {
            self.drain(&mut engines)?;
            if !engines.is_empty() {
                std::thread::sleep(TICK);
            }
        }
        self.seconds.finish();
        self.close_intervals_before(u64::MAX)?;
        if let Some(files) = self.files {
            files.finish()?;
        }
        Ok(self.totals)
    }

    /// Takes what has come, and forgets engines from which no more can come.
    fn drain(&mut self, engines: &mut Vec<Rows>) -> io::Result<()> {
        let mut last_done = 0;
        let mut failure = Ok(());
        self.note_zero();
        engines.retain(|rows| {
            let mut blocks = 0;
            loop {
                let taken = rows.take(|logged| match logged {
                    Logged::Request(row) => {
                        last_done = last_done.max(row.done_ns);
                        self.add(row)
                    }
                    Logged::Connection(link) => match &mut self.files {
                        Some(files) => files.put_link(link),
                        None => Ok(()),
                    },
                });
                match taken {
                    Some(Ok(true)) => blocks += 1,
                    Some(Ok(false)) => break,
                    Some(Err(error)) => {
                        failure = Err(error);
                        break;
                    }
                    None => return false,
                }
            }
            self.hurry_if(blocks >= Rows::BEHIND);
            true
        });
        failure?;
        self.note_zero();
        self.seconds.tick();
        let settled = last_done.saturating_sub(self.zero_ns + self.longest_timeout_ns) / NS_PER_S;
        self.close_intervals_before(settled.saturating_sub(GRACE_S))
    }

    /// Asks for ordinary scheduling once the leisure of an idle thread costs rows.
    fn hurry_if(&mut self, behind: bool) {
        if behind && !self.hurried {
            self.hurried = true;
            let _ = thread::set_ordinary(); // An attempt; lost rows are told of.
        }
    }

    /// Looks for the schedule's zero, which is known before the first row comes.
    fn note_zero(&mut self) {
        if self.zero_ns == 0 {
            self.zero_ns = self.start.zero_ns();
            self.seconds.start(self.zero_ns);
        }
    }

    fn add(&mut self, row: &Row) -> io::Result<()> {
        self.note_zero();
        self.totals.add(row);
        self.seconds.add(row);
        if let Some(files) = &mut self.files {
            files.put_request(row)?;
            self.count(row);
        }
        Ok(())
    }

    fn count(&mut self, row: &Row) {
        let interval = row.intended_ns.saturating_sub(self.zero_ns) / NS_PER_S;
        let spans = spans(row, self.timeouts_ns[usize::from(row.operation)]);
        self.totals.clamped += u64::from(spans[0].is_some_and(|latency| latency > LARGEST_NS));
        self.intervals.count(interval, row.operation, spans);
    }

    /// Puts away the histograms of intervals in which no more request can end.
    fn close_intervals_before(&mut self, interval: u64) -> io::Result<()> {
        let closed = self.intervals.close_before(interval);
        match &mut self.files {
            Some(files) => files.put_latency(closed),
            None => Ok(()),
        }
    }
}
