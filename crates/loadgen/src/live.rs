//! Live seconds: one JSON line each, for whoever watches.

use std::os::fd::RawFd;
use std::sync::atomic::{AtomicU64, Ordering};

use histogram::Histogram;
use serde::Serialize;

use crate::engine::Live;
use crate::log::{Outcome, Row};
use crate::sys::clock::now_ns;
use crate::sys::socket::write_line_if_room;

const NS_PER_S: u64 = 1_000_000_000;
/// How long after a second's end rows of that second are still waited for.
const SETTLE_NS: u64 = 100_000_000;

/// One live second; the fields are those of `ports.Interval`.
#[derive(Debug, Serialize)]
struct Line {
    event: &'static str,
    index: u64,
    /// Length; less than a second at the end of a play.
    seconds: f64,
    sent: u64,
    completed: u64,
    errors: u64,
    p50_ns: u64,
    p99_ns: u64,
    lag_p99_ns: u64,
    in_flight: u64,
}

/// Gathers the requests that end within each second.
pub(crate) struct LiveSeconds<'a> {
    lives: &'a [Live],
    fd: Option<RawFd>,
    zero_ns: u64,
    index: u64,
    sent_before: u64,
    completed: u64,
    errors: u64,
    latency: Histogram,
    lag: Histogram,
}

impl<'a> LiveSeconds<'a> {
    pub(crate) fn new(lives: &'a [Live], fd: Option<RawFd>) -> Self {
        Self {
            lives,
            fd,
            zero_ns: 0,
            index: 0,
            sent_before: 0,
            completed: 0,
            errors: 0,
            latency: Histogram::new(),
            lag: Histogram::new(),
        }
    }

    /// Tells when the schedule's zero is; 0: not yet known.
    pub(crate) const fn start(&mut self, zero_ns: u64) {
        self.zero_ns = zero_ns;
    }

    /// Counts an ended request.
    pub(crate) fn add(&mut self, row: &Row) {
        if self.fd.is_none() {
            return;
        }
        self.advance_to(row.done_ns);
        let answered = row.outcome.is_answer();
        self.completed += u64::from(answered);
        self.errors += u64::from(row.outcome != Outcome::Ok);
        self.latency
            .record(row.done_ns.saturating_sub(row.intended_ns));
        if row.sent_ns > 0 {
            self.lag.record(row.sent_ns.saturating_sub(row.intended_ns));
        }
    }

    /// Tells of the seconds that are over.
    pub(crate) fn tick(&mut self) {
        if self.fd.is_some() && self.zero_ns > 0 {
            self.advance_to(now_ns().saturating_sub(SETTLE_NS));
        }
    }

    /// Tells of what is left when no more request can end: mostly a part of a second.
    pub(crate) fn finish(&mut self) {
        if self.fd.is_none() || self.zero_ns == 0 {
            return;
        }
        let ended_ns = self
            .lives
            .iter()
            .map(|live| live.ended_ns.load(Ordering::Acquire));
        let ended_ns = ended_ns.max().unwrap_or(0);
        self.advance_to(ended_ns);
        let rest_ns = ended_ns.saturating_sub(self.zero_ns + self.index * NS_PER_S);
        let sent = self.sum(|live| &live.sent) - self.sent_before;
        if rest_ns > 0 && sent + self.completed + self.errors > 0 {
            self.tell(rest_ns);
        }
    }

    fn sum(&self, of: impl Fn(&Live) -> &AtomicU64) -> u64 {
        let counts = self
            .lives
            .iter()
            .map(|live| of(live).load(Ordering::Relaxed));
        counts.sum()
    }

    fn advance_to(&mut self, time_ns: u64) {
        while time_ns >= self.zero_ns + (self.index + 1) * NS_PER_S {
            self.tell(NS_PER_S);
        }
    }

    fn tell(&mut self, length_ns: u64) {
        let sent = self.sum(|live| &live.sent);
        let line = Line {
            event: "interval",
            index: self.index,
            seconds: length_ns as f64 / 1e9,
            sent: sent - self.sent_before,
            completed: self.completed,
            errors: self.errors,
            p50_ns: self.latency.quantile(0.5).unwrap_or(0),
            p99_ns: self.latency.quantile(0.99).unwrap_or(0),
            lag_p99_ns: self.lag.quantile(0.99).unwrap_or(0),
            in_flight: self.sum(|live| &live.in_flight),
        };
        if let (Some(fd), Ok(mut text)) = (self.fd, serde_json::to_vec(&line)) {
            text.push(b'\n');
            // A watcher that does not read misses a second; the recording does not.
            let _ = write_line_if_room(fd, &text);
        }
        self.index += 1;
        self.sent_before = sent;
        self.completed = 0;
        self.errors = 0;
        self.latency.clear();
        self.lag.clear();
    }
}
