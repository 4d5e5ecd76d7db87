//! Beside the engine: counts ended requests, tells of live seconds, and keeps what goes to disk.

use std::collections::BTreeMap;
use std::io;
use std::os::fd::RawFd;
use std::sync::atomic::Ordering;
use std::sync::mpsc::Receiver;
use std::time::Duration;

use histogram::{Histogram, middle_of};
use schedule::Schedule;

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

/// Latency, service time and send lag of one operation in one interval.
#[derive(Default)]
struct Trio([Histogram; 3]);

impl Trio {
    /// A request that got no answer never counts as quicker than its time-out.
    fn add(&mut self, row: &Row, timeout_ns: u64) {
        let latency = row.done_ns.saturating_sub(row.intended_ns);
        let answered = matches!(row.outcome, Outcome::Ok | Outcome::UnexpectedStatus);
        self.0[0].record(if answered {
            latency
        } else {
            latency.max(timeout_ns)
        });
        if row.sent_ns > 0 {
            if answered {
                self.0[1].record(row.done_ns.saturating_sub(row.sent_ns));
            }
            self.0[2].record(row.sent_ns.saturating_sub(row.intended_ns));
        }
    }

    fn rows(&self, interval: u64, operation: u16) -> impl Iterator<Item = LatencyRow> + '_ {
        let kinds = self.0.iter().enumerate();
        kinds.flat_map(move |(kind, histogram)| {
            histogram.iter().map(move |(bucket, count)| LatencyRow {
                value_ns: middle_of(bucket),
                count,
                interval: interval as u32,
                operation,
                kind: kind as u8,
            })
        })
    }
}

/// Receives the engine's rows until the engine ends.
pub(crate) struct Recorder<'a> {
    live: &'a Live,
    timeouts_ns: Vec<u64>,
    longest_timeout_ns: u64,
    zero_ns: u64,
    totals: Totals,
    open: BTreeMap<(u64, u16), Trio>,
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
        self.close_intervals_before(u64::MAX)?;
        if let Some(files) = self.files {
            files.finish()?;
        }
        Ok(self.totals)
    }

    /// Takes what has come; false when no more can come.
    fn drain(&mut self, rows: &Receiver<Row>) -> io::Result<bool> {
        self.zero_ns = self.live.zero_ns.load(Ordering::Acquire);
        self.seconds.start(self.zero_ns);
        let mut last_done = 0;
        let alive = loop {
            match take(rows) {
                Some(Some(row)) => {
                    last_done = row.done_ns;
                    self.add(&row)?;
                }
                Some(None) => break true,
                None => break false,
            }
        };
        self.seconds.tick();
        let settled = last_done.saturating_sub(self.zero_ns + self.longest_timeout_ns) / NS_PER_S;
        self.close_intervals_before(settled.saturating_sub(GRACE_S))?;
        Ok(alive)
    }

    fn add(&mut self, row: &Row) -> io::Result<()> {
        self.totals.add(row);
        self.seconds.add(row);
        if let Some(files) = &mut self.files {
            files.put_request(row)?;
            let interval = row.intended_ns.saturating_sub(self.zero_ns) / NS_PER_S;
            let trio = self.open.entry((interval, row.operation)).or_default();
            trio.add(row, self.timeouts_ns[usize::from(row.operation)]);
        }
        Ok(())
    }

    /// Puts away the histograms of intervals in which no more request can end.
    fn close_intervals_before(&mut self, interval: u64) -> io::Result<()> {
        while let Some(first) = self.open.first_entry() {
            if first.key().0 >= interval {
                break;
            }
            let ((interval, operation), trio) = first.remove_entry();
            self.totals.clamped += trio.0[0].clamped();
            if let Some(files) = &mut self.files {
                files.put_latency(trio.rows(interval, operation))?;
            }
        }
        Ok(())
    }
}
