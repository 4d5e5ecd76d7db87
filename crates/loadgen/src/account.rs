//! From what engines, their threads and the recorder counted to the report of a play.

use std::collections::BTreeMap;

use histogram::Histogram;
use schedule::{Arrival, Plan};

use crate::engine::Counts;
use crate::log::Outcome;
use crate::play::Play;
use crate::recorder::Totals;
use crate::report::{LoadReport, OperationReport};
use crate::sys::thread::Usage;
use crate::transport::Address;

const QUANTILES: [(&str, f64); 4] = [("p50", 0.5), ("p90", 0.9), ("p99", 0.99), ("p99.9", 0.999)];

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
