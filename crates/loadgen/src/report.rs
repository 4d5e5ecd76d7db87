//! The engine's account of a play; the fields are those of `model.load.LoadReport`.

use std::collections::BTreeMap;

use histogram::Histogram;
use schedule::{Arrival, Plan};
use serde::Serialize;

use crate::engine::Counts;
use crate::log::Outcome;
use crate::play::Play;
use crate::recorder::Totals;
use crate::sys::thread::Usage;
use crate::transport::Address;

const QUANTILES: [(&str, f64); 4] = [("p50", 0.5), ("p90", 0.9), ("p99", 0.99), ("p99.9", 0.999)];

/// Outcome counts of one operation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct OperationReport {
    /// Name in the workload.
    pub name: String,
    /// Requests that ended.
    pub requests: u64,
    /// Answers with another status than expected.
    pub unexpected_status: u64,
    /// Answers with the expected status whose body is not the expected one.
    pub unexpected_body: u64,
    /// Requests without a complete answer in time.
    pub timeouts: u64,
    /// Requests whose connection failed.
    pub connection_errors: u64,
}

/// How well a schedule was kept, and what it cost.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct LoadReport {
    /// SHA-256 of the schedule file.
    pub schedule_sha256: String,
    /// Arrival process.
    pub arrival: String,
    /// `open`, `partly open` or `closed`.
    #[serde(rename = "loop")]
    pub loop_kind: String,
    /// What was spoken.
    pub protocol: String,
    /// What it was spoken over.
    pub transport: String,
    /// Cap of the connections; of a closed loop their number.
    pub max_connections: u64,
    /// Engines.
    pub threads: u64,
    /// How starts were kept.
    pub pacing: String,
    /// Intended starts; in a closed loop the actual ones.
    pub scheduled_requests: u64,
    /// Requests of which at least one byte was offered to a connection.
    pub sent_requests: u64,
    /// Requests with a complete answer.
    pub completed_requests: u64,
    /// CLOCK_MONOTONIC of the schedule's zero.
    pub started_ns: u64,
    /// Length of the schedule's time line.
    pub scheduled_duration_ns: u64,
    /// From zero to the last answer or time-out.
    pub elapsed_ns: u64,
    /// Intended starts per second.
    pub scheduled_rate_per_s: f64,
    /// Sent requests per second, over the longer of the time line and the time to the last send.
    pub achieved_rate_per_s: f64,
    /// Actual minus intended send, by quantile; empty in a closed loop, which intends nothing.
    pub send_lag_ns: BTreeMap<String, f64>,
    /// Noticed minus intended start, by quantile.
    pub timer_lag_ns: BTreeMap<String, f64>,
    /// Time-averaged number in flight, from intended start to end, counted at each change.
    pub in_flight_time_average: f64,
    /// Relative gap between that and rate times mean latency.
    pub little_error: f64,
    /// Largest number of connections at once.
    pub peak_connections: u64,
    /// Largest number of requests waiting for a connection that was not even being opened.
    pub peak_client_queue: u64,
    /// By operation.
    pub operations: Vec<OperationReport>,
    /// `fifo` or `other (nice N)`.
    pub scheduling: String,
    /// CPU the first engine was bound to.
    pub pinned_cpu: Option<usize>,
    /// CPU time of the engines' threads.
    pub engine_cpu_ns: u64,
    /// Part of it spent spinning.
    pub engine_spin_ns: u64,
    /// Longest time by which a turn of an engine's loop came later than it should have.
    pub longest_gap_ns: u64,
    /// Times the engines were taken off their CPUs.
    pub involuntary_switches: u64,
    /// Time the engines were runnable but not running.
    pub run_delay_ns: u64,
    /// Ended requests that are missing in the log.
    pub rows_lost: u64,
    /// An engine lost its real-time priority.
    pub demoted: bool,
    /// The play was stopped before its end.
    pub interrupted: bool,
    /// What the reader must know.
    pub warnings: Vec<String>,
}

/// What the engine's thread found out about itself.
#[derive(Clone, Debug)]
pub(crate) struct ThreadAccount {
    pub(crate) scheduling: String,
    pub(crate) pinned_cpu: Option<usize>,
    pub(crate) usage: Usage,
    /// It lost its real-time priority.
    pub(crate) demoted: bool,
    pub(crate) warnings: Vec<String>,
}

/// All that a report is made of.
pub(crate) struct Played<'a> {
    pub(crate) plan: &'a Plan,
    pub(crate) options: &'a Play,
    pub(crate) sha256: String,
    /// By engine.
    pub(crate) counts: &'a [Counts],
    pub(crate) totals: &'a Totals,
    /// By engine.
    pub(crate) accounts: &'a [ThreadAccount],
}

impl Played<'_> {
    /// Puts the report together.
    pub(crate) fn report(self) -> LoadReport {
        let (plan, totals) = (self.plan, self.totals);
        let zero_ns = self.latest(|one| one.zero_ns);
        let since_zero = |time_ns: u64| time_ns.saturating_sub(zero_ns);
        let ended_ns = since_zero(self.latest(|one| one.ended_ns));
        let last_sent_ns = since_zero(self.latest(|one| one.traffic.last_sent_ns));
        let interrupted = self.counts.iter().any(|one| one.interrupted);
        let at_least = |ns: u64| {
            if interrupted {
                ended_ns
            } else {
                plan.duration_ns().max(ns)
            }
        };
        let sent: u64 = self.sum(|one| one.traffic.sent);
        let closed = plan.arrival() == Arrival::Closed;
        let scheduled = if closed { sent } else { plan.requests() };
        let operations = operation_reports(plan, totals);
        let unanswered: u64 = operations
            .iter()
            .map(|found| found.timeouts + found.connection_errors)
            .sum();
        let area_ns: u128 = self.sum(|one| one.in_flight_area_ns);
        let unfinished_ns: u128 = self.sum(|one| one.unfinished_ns);
        let lag = |histogram| {
            if closed {
                BTreeMap::new()
            } else {
                quantiles(histogram)
            }
        };
        LoadReport {
            schedule_sha256: self.sha256.clone(),
            arrival: plan.arrival().name().into(),
            loop_kind: loop_kind(plan.arrival()).into(),
            protocol: plan.protocol().name().into(),
            transport: transport(self.options),
            max_connections: u64::from(plan.max_connections()),
            threads: self.counts.len() as u64,
            pacing: self.options.pacing.name().into(),
            scheduled_requests: scheduled,
            sent_requests: sent,
            completed_requests: totals.rows - unanswered,
            started_ns: zero_ns,
            scheduled_duration_ns: plan.duration_ns(),
            elapsed_ns: since_zero(self.latest(|one| one.traffic.last_done_ns)),
            scheduled_rate_per_s: per_second(scheduled, plan.duration_ns()),
            achieved_rate_per_s: per_second(sent, at_least(last_sent_ns)),
            send_lag_ns: lag(&totals.send_lag),
            timer_lag_ns: lag(&totals.timer_lag),
            in_flight_time_average: area_ns as f64 / at_least(ended_ns).max(1) as f64,
            little_error: relative_gap(area_ns, totals.latency_sum_ns + unfinished_ns),
            peak_connections: self.sum(|one| one.peak_connections as u64),
            peak_client_queue: self.sum(|one| one.traffic.peak_client_queue as u64),
            operations,
            scheduling: self.scheduling(),
            pinned_cpu: self.accounts.first().and_then(|one| one.pinned_cpu),
            engine_cpu_ns: self.used(|usage| usage.cpu_ns),
            engine_spin_ns: self.sum(|one| one.spun_ns),
            longest_gap_ns: self.latest(|one| one.longest_gap_ns),
            involuntary_switches: self.used(|usage| usage.involuntary_switches),
            run_delay_ns: self.used(|usage| usage.run_delay_ns),
            rows_lost: self.sum(|one| one.rows_lost),
            demoted: self.accounts.iter().any(|one| one.demoted),
            interrupted,
            warnings: self.warnings(),
        }
    }

    fn sum<T: std::iter::Sum>(&self, of: impl Fn(&Counts) -> T) -> T {
        self.counts.iter().map(of).sum()
    }

    fn latest(&self, of: impl Fn(&Counts) -> u64) -> u64 {
        self.counts.iter().map(of).max().unwrap_or(0)
    }

    fn used(&self, of: impl Fn(&Usage) -> u64) -> u64 {
        self.accounts.iter().map(|one| of(&one.usage)).sum()
    }

    /// The scheduling of all engines where it is the same, else of each.
    fn scheduling(&self) -> String {
        let mut all: Vec<&str> = self.accounts.iter().map(|one| &*one.scheduling).collect();
        all.dedup();
        all.join(", ")
    }

    fn warnings(&self) -> Vec<String> {
        let mut warnings = Vec::new();
        let of_threads = self.accounts.iter().flat_map(|one| &one.warnings);
        for warning in of_threads {
            if !warnings.contains(warning) {
                warnings.push(warning.clone());
            }
        }
        warnings.extend(self.counts.iter().find_map(|one| one.trouble.clone()));
        let lost: u64 = self.sum(|one| one.rows_lost);
        if lost > 0 {
            warnings.push(format!(
                "{lost} ended requests are missing in the log: the recorder got too little CPU time"
            ));
        }
        let unfinished: u64 = self.sum(|one| one.unfinished);
        if unfinished > 0 {
            warnings.push(format!(
                "{unfinished} requests had no end yet when the play was stopped, the oldest after {:.3} s: they are \
                 neither in the log nor in the latencies",
                self.latest(|one| one.unfinished_longest_ns) as f64 / 1e9
            ));
        }
        if self.totals.clamped > 0 {
            warnings.push(format!(
                "{} latencies above {:.0} s stand at the histogram's upper end; the request log has them exactly",
                self.totals.clamped,
                histogram::LARGEST_NS as f64 / 1e9
            ));
        }
        warnings
    }
}

const fn loop_kind(arrival: Arrival) -> &'static str {
    match arrival {
        Arrival::Closed => "closed",
        Arrival::Sessions => "partly open",
        _ => "open",
    }
}

fn transport(options: &Play) -> String {
    let stream = match options.address {
        Address::Tcp(_) => "tcp",
        Address::Unix(_) => "unix",
    };
    match options.tls {
        Some(_) => format!("tls over {stream}"),
        None => stream.into(),
    }
}

fn operation_reports(plan: &Plan, totals: &Totals) -> Vec<OperationReport> {
    let all = plan.operations().iter().zip(&totals.operations);
    all.map(|(operation, counts)| OperationReport {
        name: operation.name.clone(),
        requests: counts.requests,
        unexpected_status: counts.by_outcome[Outcome::UnexpectedStatus as usize],
        unexpected_body: counts.by_outcome[Outcome::UnexpectedBody as usize],
        timeouts: counts.by_outcome[Outcome::Timeout as usize],
        connection_errors: counts.by_outcome[Outcome::ConnectionError as usize],
    })
    .collect()
}

fn quantiles(histogram: &Histogram) -> BTreeMap<String, f64> {
    let printed = QUANTILES
        .iter()
        .filter_map(|(name, q)| Some((*name, histogram.quantile(*q)?)));
    let largest = histogram.max().map(|max| ("max", max));
    printed
        .chain(largest)
        .map(|(name, ns)| (name.to_owned(), ns as f64))
        .collect()
}

fn per_second(count: u64, ns: u64) -> f64 {
    count as f64 * 1e9 / ns.max(1) as f64
}

/// Both are integrals over the same span: the number in flight, which the engine counted, and the
/// latencies, which the recorder summed from the log. They differ when requests got lost between.
fn relative_gap(counted: u128, recorded: u128) -> f64 {
    let larger = counted.max(recorded);
    if larger == 0 {
        return 0.0;
    }
    counted.abs_diff(recorded) as f64 / larger as f64
}
