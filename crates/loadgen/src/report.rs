//! The engine's account of a play; the fields are those of `model.load.LoadReport`.

use std::collections::BTreeMap;

use histogram::Histogram;
use schedule::old::Schedule;
use serde::Serialize;

use crate::engine::Counts;
use crate::log::Outcome;
use crate::recorder::Totals;
use crate::sys::thread::Usage;

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
    /// `open`.
    #[serde(rename = "loop")]
    pub loop_kind: String,
    /// Intended starts.
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
    /// Actual minus intended send, by quantile.
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
    /// CPU the engine was bound to.
    pub pinned_cpu: Option<usize>,
    /// CPU time of the engine's thread.
    pub engine_cpu_ns: u64,
    /// Part of it spent spinning.
    pub engine_spin_ns: u64,
    /// Times the engine was taken off its CPU.
    pub involuntary_switches: u64,
    /// Time the engine was runnable but not running.
    pub run_delay_ns: u64,
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
    pub(crate) warnings: Vec<String>,
}

/// Puts the report together.
pub(crate) fn assemble(
    schedule: &Schedule<'_>,
    sha256: String,
    counts: &Counts,
    totals: &Totals,
    thread: ThreadAccount,
) -> LoadReport {
    let since_zero = |time_ns: u64| time_ns.saturating_sub(counts.zero_ns);
    let span_ns = if counts.interrupted {
        since_zero(counts.ended_ns)
    } else {
        schedule.duration_ns().max(since_zero(counts.ended_ns))
    };
    let sending_ns = if counts.interrupted {
        since_zero(counts.ended_ns)
    } else {
        schedule.duration_ns().max(since_zero(counts.last_sent_ns))
    };
    let operations = operation_reports(schedule, totals);
    let unanswered: u64 = operations
        .iter()
        .map(|found| found.timeouts + found.connection_errors)
        .sum();
    LoadReport {
        schedule_sha256: sha256,
        arrival: schedule.arrival().name().into(),
        loop_kind: "open".into(),
        scheduled_requests: schedule.len() as u64,
        sent_requests: counts.sent,
        completed_requests: totals.rows - unanswered,
        started_ns: counts.zero_ns,
        scheduled_duration_ns: schedule.duration_ns(),
        elapsed_ns: since_zero(counts.last_done_ns),
        scheduled_rate_per_s: per_second(schedule.len() as u64, schedule.duration_ns()),
        achieved_rate_per_s: per_second(counts.sent, sending_ns),
        send_lag_ns: quantiles(&totals.send_lag),
        timer_lag_ns: quantiles(&totals.timer_lag),
        in_flight_time_average: counts.in_flight_area_ns as f64 / span_ns.max(1) as f64,
        little_error: relative_gap(
            counts.in_flight_area_ns,
            totals.latency_sum_ns + counts.unfinished_ns,
        ),
        peak_connections: counts.peak_connections as u64,
        peak_client_queue: counts.peak_client_queue as u64,
        operations,
        scheduling: thread.scheduling,
        pinned_cpu: thread.pinned_cpu,
        engine_cpu_ns: thread.usage.cpu_ns,
        engine_spin_ns: counts.spun_ns,
        involuntary_switches: thread.usage.involuntary_switches,
        run_delay_ns: thread.usage.run_delay_ns,
        interrupted: counts.interrupted,
        warnings: [thread.warnings, warnings(counts, totals)].concat(),
    }
}

fn operation_reports(schedule: &Schedule<'_>, totals: &Totals) -> Vec<OperationReport> {
    let all = schedule.operations().iter().zip(&totals.operations);
    let report = |(operation, counts): (
        &schedule::old::Operation<'_>,
        &crate::recorder::OperationCounts,
    )| {
        OperationReport {
            name: operation.name.into(),
            requests: counts.requests,
            unexpected_status: counts.by_outcome[Outcome::UnexpectedStatus as usize],
            timeouts: counts.by_outcome[Outcome::Timeout as usize],
            connection_errors: counts.by_outcome[Outcome::ConnectionError as usize],
        }
    };
    all.map(report).collect()
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

fn warnings(counts: &Counts, totals: &Totals) -> Vec<String> {
    let mut warnings = Vec::new();
    if counts.rows_lost > 0 {
        warnings.push(format!(
            "{} ended requests are missing in the log: the recorder got too little CPU time",
            counts.rows_lost
        ));
    }
    if counts.unfinished > 0 {
        warnings.push(format!(
            "{} requests had no end yet when the play was stopped, the oldest after {:.3} s: they are neither in the \
             log nor in the latencies",
            counts.unfinished,
            counts.unfinished_longest_ns as f64 / 1e9
        ));
    }
    if totals.clamped > 0 {
        warnings.push(format!(
            "{} latencies above {:.0} s stand at the histogram's upper end; the request log has them exactly",
            totals.clamped,
            histogram::LARGEST_NS as f64 / 1e9
        ));
    }
    warnings
}
