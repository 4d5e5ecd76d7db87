//! Beside the engine: counts ended requests, tells of live seconds, and keeps what goes to disk.

use std::collections::BTreeMap;
use std::io;
use std::os::fd::RawFd;
use std::sync::atomic::Ordering;
use std::sync::mpsc::Receiver;
use std::time::Duration;

use histogram::{BUCKETS, Histogram, LARGEST_NS, bucket_of, middle_of};
use schedule::old::Schedule;

use crate::engine::Live;
use crate::files::{Files, LatencyRow};
use crate::live::LiveSeconds;
use crate::log::{Outcome, Row, take};

const NS_PER_S: u64 = 1_000_000_000;
const TICK: Duration = Duration::from_millis(50);
/// Seconds after the last possible end of a request before its interval's histograms are put away.
const GRACE_S: u64 = 2;

/// Outcome counts of one operation.
#[derive(Clone, Debug, Default)]
pub(crate) struct OperationCounts {
    pub(crate) requests: u64,
    pub(crate) by_outcome: [u64; 4],
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

/// What is counted of one operation in one interval; the order is that of `KINDS` in the bundle's schema.
const KINDS: usize = 3;

/// One bucket of the histogram of a kind of an operation in an interval.
///
/// Only buckets that hold something are kept: an interval stays open for as long as a request may
/// last, and whole histograms of many operations would then take hundreds of megabytes.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Cell {
    interval: u64,
    operation: u16,
    kind: u8,
    bucket: u16,
}

const _: () = assert!(BUCKETS <= u16::MAX as usize);

/// Latency, service time and send lag of a request, as far as it got. A request that got no answer
/// never counts as quicker than its time-out.
fn spans(row: &Row, timeout_ns: u64) -> [Option<u64>; KINDS] {
    let latency = row.done_ns.saturating_sub(row.intended_ns);
    let answered = matches!(row.outcome, Outcome::Ok | Outcome::UnexpectedStatus);
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

/// Receives the engine's rows until the engine ends.
pub(crate) struct Recorder<'a> {
    live: &'a Live,
    timeouts_ns: Vec<u64>,
    longest_timeout_ns: u64,
    zero_ns: u64,
    totals: Totals,
    open: BTreeMap<Cell, u64>,
    seconds: LiveSeconds<'a>,
    files: Option<Files>,
}

impl<'a> Recorder<'a> {
    pub(crate) fn new(
        schedule: &Schedule<'_>,
        live: &'a Live,
        events: Option<RawFd>,
        files: Option<Files>,
    ) -> Self {
        let timeouts_ns: Vec<u64> = schedule
            .operations()
            .iter()
            .map(|found| found.timeout_ns)
            .collect();
        Self {
            live,
            longest_timeout_ns: timeouts_ns.iter().copied().max().unwrap_or(0),
            totals: Totals::new(timeouts_ns.len()),
            timeouts_ns,
            zero_ns: 0,
            open: BTreeMap::new(),
            seconds: LiveSeconds::new(live, events),
            files,
        }
    }

    /// Receives until the engine ends, then completes the files.
    pub(crate) fn run(mut self, rows: &Receiver<Row>) -> io::Result<Totals> {
        while self.drain(rows)? {
            std::thread::sleep(TICK);
        }
        self.seconds.finish();
        self.close_intervals_before(u64::MAX)?;
        if let Some(files) = self.files {
            files.finish()?;
        }
        Ok(self.totals)
    }

    /// Takes what has come; false when no more can come.
    fn drain(&mut self, rows: &Receiver<Row>) -> io::Result<bool> {
        let mut last_done = 0;
        let alive = loop {
            match take(rows) {
                Some(Some(row)) => {
                    last_done = row.done_ns;
                    self.note_zero();
                    self.add(&row)?;
                }
                Some(None) => break true,
                None => return Ok(false),
            }
        };
        self.note_zero();
        self.seconds.tick();
        let settled = last_done.saturating_sub(self.zero_ns + self.longest_timeout_ns) / NS_PER_S;
        self.close_intervals_before(settled.saturating_sub(GRACE_S))?;
        Ok(alive)
    }

    /// Looks for the schedule's zero, which is known before the first row comes.
    fn note_zero(&mut self) {
        if self.zero_ns == 0 {
            self.zero_ns = self.live.zero_ns.load(Ordering::Acquire);
            self.seconds.start(self.zero_ns);
        }
    }

    fn add(&mut self, row: &Row) -> io::Result<()> {
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
        for (kind, ns) in spans.into_iter().enumerate() {
            let Some(ns) = ns else { continue };
            let cell = Cell {
                interval,
                operation: row.operation,
                kind: kind as u8,
                bucket: bucket_of(ns) as u16,
            };
            *self.open.entry(cell).or_default() += 1;
        }
    }

    /// Puts away the histograms of intervals in which no more request can end.
    fn close_intervals_before(&mut self, interval: u64) -> io::Result<()> {
        let first = Cell {
            interval,
            operation: 0,
            kind: 0,
            bucket: 0,
        };
        let still_open = self.open.split_off(&first);
        let closed = std::mem::replace(&mut self.open, still_open);
        let Some(files) = &mut self.files else {
            return Ok(());
        };
        files.put_latency(closed.into_iter().map(|(cell, count)| LatencyRow {
            value_ns: middle_of(usize::from(cell.bucket)),
            count,
            interval: cell.interval as u32,
            operation: cell.operation,
            kind: cell.kind,
        }))
    }
}
