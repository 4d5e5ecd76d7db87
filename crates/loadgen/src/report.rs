//! The engine's account of a play; the fields are those of `model.load.LoadReport`.

use std::collections::BTreeMap;

use serde::Serialize;

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
