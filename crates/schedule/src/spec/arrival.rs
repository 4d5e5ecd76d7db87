//! When requests start: the arrival process and the rate over time.

use serde::Deserialize;

use super::Number;

/// The process that places intended starts on the time line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Arrival {
    /// Independent exponential gaps.
    Poisson,
    /// Equal gaps, the first start at zero.
    Constant,
    /// Every connection sends its next request when the one before has ended.
    Closed,
    /// Sessions begin independently; inside a session a request waits for the one before.
    Sessions,
    /// Starts recorded elsewhere.
    Trace,
}

impl Arrival {
    /// The name as written in a workload.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Poisson => "poisson",
            Self::Constant => "constant",
            Self::Closed => "closed",
            Self::Sessions => "sessions",
            Self::Trace => "trace",
        }
    }
}

/// A stretch of a rate profile.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize)]
#[serde(tag = "shape", rename_all = "lowercase")]
pub enum Shape {
    /// One rate.
    Hold {
        /// Its length.
        duration_ns: u64,
        /// Its rate.
        rate_per_s: f64,
    },
    /// From one rate to another, along a line.
    Ramp {
        /// Its length.
        duration_ns: u64,
        /// Rate where it begins.
        from_per_s: f64,
        /// Rate where it ends.
        to_per_s: f64,
    },
    /// A wave that begins at its mean and rises.
    Sine {
        /// Its length.
        duration_ns: u64,
        /// Mean rate.
        mean_per_s: f64,
        /// Greatest deviation from the mean; not above the mean.
        amplitude_per_s: f64,
        /// Length of one wave.
        period_ns: u64,
    },
    /// Two rates by turns, beginning with the first.
    Burst {
        /// Its length.
        duration_ns: u64,
        /// Rate inside bursts.
        on_per_s: f64,
        /// Rate between bursts.
        off_per_s: f64,
        /// Length of a burst; its mean when random.
        on_ns: u64,
        /// Length between bursts; its mean when random.
        off_ns: u64,
        /// Whether the lengths are drawn from exponential distributions.
        #[serde(default)]
        random: bool,
    },
}

impl Shape {
    /// Length in ns.
    pub const fn duration_ns(&self) -> u64 {
        match self {
            Self::Hold { duration_ns, .. }
            | Self::Ramp { duration_ns, .. }
            | Self::Sine { duration_ns, .. }
            | Self::Burst { duration_ns, .. } => *duration_ns,
        }
    }
}

/// What a session is.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize)]
pub struct SessionsSpec {
    /// Requests of a session, rounded, at least 1.
    pub requests: Number,
    /// Pause between an answer and the next request, in s, at least 0.
    pub think_s: Number,
    /// What an answer is expected to take: places the intended start of the next request.
    pub expected_latency_ns: u64,
}

/// How a trace is replayed.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize)]
pub struct TraceSpec {
    /// 2 replays it in half its time.
    pub speed: f64,
}
