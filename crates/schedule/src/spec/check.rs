//! What a specification must satisfy before anything is compiled.

use super::{
    Arrival, ExpectSpec, FramingSpec, LONGEST_NS, MOST, MOST_REQUESTS, OperationSpec, Protocol,
    Shape, Spec,
};
use crate::ScheduleError;
use crate::arrivals::expected;
use crate::error::require;

/// Shortest stretch of a profile and shortest burst: bounds the work of a long time line.
const SHORTEST_NS: u64 = 1_000_000;

impl Spec {
    /// Checks every value that stands for itself; `blobs` is the number of blobs.
    pub(crate) fn check(&self, blobs: usize) -> Result<(), ScheduleError> {
        require((1..=LONGEST_NS).contains(&self.duration_ns), || {
            format!(
                "a duration of {} ns is not between 1 ns and 7 days",
                self.duration_ns
            )
        })?;
        require((1..=MOST).contains(&self.max_connections), || {
            format!("{} connections are not in 1..={MOST}", self.max_connections)
        })?;
        require((1..=MOST as usize).contains(&self.operations.len()), || {
            format!("{} operations are not in 1..={MOST}", self.operations.len())
        })?;
        self.check_rate()?;
        self.check_arrival()?;
        let framing = self.framing.clone().unwrap_or_default();
        framing.check(blobs)?;
        self.operations.iter().try_for_each(|operation| {
            operation.check(self, blobs).map_err(|problem| {
                ScheduleError::Spec(format!("operation {:?}: {problem}", operation.name))
            })
        })
    }

    fn check_rate(&self) -> Result<(), ScheduleError> {
        if matches!(self.arrival, Arrival::Closed | Arrival::Trace) {
            return Ok(());
        }
        self.profile.iter().try_for_each(check_shape)?;
        let requests = self.expected_starts();
        require(requests.is_finite() && requests > 0.0, || {
            format!("a rate of {} per second is not above 0", self.rate_per_s)
        })?;
        require(requests <= MOST_REQUESTS, || {
            format!("about {requests:.0} requests are more than {MOST_REQUESTS:.0}")
        })
    }

    /// Starts expected within the duration; with random bursts by their means.
    fn expected_starts(&self) -> f64 {
        let Some(last) = self.profile.len().checked_sub(1) else {
            return self.rate_per_s * self.duration_ns as f64 / 1e9;
        };
        let of_cycle = |shape: &Shape| expected(shape, shape.duration_ns() as f64);
        let cycle_ns: u64 = self.profile.iter().map(Shape::duration_ns).sum();
        let cycles = self.duration_ns / cycle_ns;
        let mut left = self.duration_ns % cycle_ns;
        let whole: f64 = self.profile.iter().map(of_cycle).sum();
        let mut rest = 0.0;
        for shape in &self.profile[..=last] {
            let part = left.min(shape.duration_ns());
            rest += expected(shape, part as f64);
            left -= part;
        }
        cycles as f64 * whole + rest
    }

    fn check_arrival(&self) -> Result<(), ScheduleError> {
        if let (Arrival::Sessions, Some(sessions)) = (self.arrival, self.sessions) {
            sessions.requests.check("requests of a session")?;
            sessions.think_s.check("think time")?;
            require(sessions.expected_latency_ns <= LONGEST_NS, || {
                "an expected latency of more than 7 days is impossible".into()
            })?;
        }
        let speed = self.trace.map_or(1.0, |trace| trace.speed);
        require(speed.is_finite() && speed > 0.0, || {
            format!("a speed of {speed} is not above 0")
        })
    }
}

fn rate(value: f64) -> Result<(), ScheduleError> {
    require((0.0..=1e9).contains(&value), || {
        format!("a rate of {value} per second is not in 0..=1e9")
    })
}

fn length(value: u64, what: &str) -> Result<(), ScheduleError> {
    require((SHORTEST_NS..=LONGEST_NS).contains(&value), || {
        format!("{what} of {value} ns is not between 1 ms and 7 days")
    })
}

fn check_shape(shape: &Shape) -> Result<(), ScheduleError> {
    length(shape.duration_ns(), "a stretch")?;
    match *shape {
        Shape::Hold { rate_per_s, .. } => rate(rate_per_s),
        Shape::Ramp {
            from_per_s,
            to_per_s,
            ..
        } => rate(from_per_s).and_then(|()| rate(to_per_s)),
        Shape::Sine {
            mean_per_s,
            amplitude_per_s,
            period_ns,
            ..
        } => {
            rate(mean_per_s)?;
            length(period_ns, "a wave")?;
            require(
                (0.0..=mean_per_s).contains(&amplitude_per_s) && mean_per_s > 0.0,
                || {
                    format!(
                        "an amplitude of {amplitude_per_s} per second is not in 0..={mean_per_s}, its mean"
                    )
                },
            )
        }
        Shape::Burst {
            on_per_s,
            off_per_s,
            on_ns,
            off_ns,
            ..
        } => {
            rate(on_per_s)?;
            rate(off_per_s)?;
            length(on_ns, "a burst")?;
            length(off_ns, "a pause between bursts")
        }
    }
}

impl FramingSpec {
    fn check(&self, blobs: usize) -> Result<(), ScheduleError> {
        require(
            self.hello.is_none_or(|hello| (hello as usize) < blobs),
            || "the framing's hello is not there".into(),
        )?;
        require(matches!(self.prefix_bytes, 1 | 2 | 4 | 8), || {
            format!(
                "a length of {} bytes is not one of 1, 2, 4 and 8",
                self.prefix_bytes
            )
        })
    }
}

impl ExpectSpec {
    fn check(&self, protocol: Protocol) -> Result<(), String> {
        let (low, high) = (self.status_low, self.status_high);
        let possible = !protocol.is_http() || (100..=999).contains(&low) && high <= 999;
        demand(low <= high && possible, || {
            format!("status {low} to {high} is not a range within 100..=999")
        })?;
        let digest = &self.body_sha256;
        let is_digest = digest.len() == 64 && digest.bytes().all(|byte| byte.is_ascii_hexdigit());
        demand(digest.is_empty() || is_digest, || {
            format!("{digest:?} is not a SHA-256 in hex")
        })
    }
}

fn demand(condition: bool, message: impl FnOnce() -> String) -> Result<(), String> {
    if condition { Ok(()) } else { Err(message()) }
}

impl OperationSpec {
    fn check(&self, spec: &Spec, blobs: usize) -> Result<(), String> {
        demand(self.name.len() <= usize::from(u16::MAX), || {
            format!("a name of {} bytes is too long", self.name.len())
        })?;
        demand(self.weight.is_finite() && self.weight > 0.0, || {
            format!("weight {} is not above 0", self.weight)
        })?;
        demand((1..=LONGEST_NS).contains(&self.timeout_ns), || {
            format!(
                "a time-out of {} ns is not between 1 ns and 7 days",
                self.timeout_ns
            )
        })?;
        self.expect.check(spec.protocol)?;
        demand(self.body.is_none() || self.body_blobs.is_none(), || {
            "it has both a body and body files".into()
        })?;
        if let Some(range) = self.body_blobs {
            let end = u64::from(range.first) + u64::from(range.count);
            demand(range.count > 0 && end <= blobs as u64, || {
                format!("its body files {} to {end} are not all there", range.first)
            })?;
        }
        self.check_protocol(spec.protocol)?;
        for (name, generator) in &self.data {
            generator
                .check(spec.arrival)
                .map_err(|problem| format!("data {name:?}: {problem}"))?;
        }
        Ok(())
    }

    fn check_protocol(&self, protocol: Protocol) -> Result<(), String> {
        if protocol == Protocol::Grpc {
            let given = self.grpc_method.contains('/') && self.body_blobs.is_none();
            demand(given, || {
                "gRPC needs a method, `package.Service/Method`, and a body in JSON".into()
            })?;
        }
        if protocol.is_http() {
            let method = !self.method.is_empty()
                && self
                    .method
                    .bytes()
                    .all(|byte| byte.is_ascii_uppercase() || byte == b'-');
            demand(method, || format!("method {:?} is not one", self.method))?;
            demand(!self.path.is_empty(), || "it has no path".into())?;
        }
        let authority = self.authority.bytes().all(|byte| byte.is_ascii_graphic());
        demand(authority, || {
            format!("authority {:?} is not one", self.authority)
        })?;
        self.headers
            .iter()
            .try_for_each(|(name, _)| check_header(name))
    }
}

fn check_header(name: &str) -> Result<(), String> {
    let token = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    demand(!name.is_empty() && name.bytes().all(token), || {
        format!("header {name:?} is not a name")
    })?;
    let framing = ["content-length", "transfer-encoding"];
    demand(
        !framing.contains(&name.to_ascii_lowercase().as_str()),
        || format!("header {name:?} follows from the body"),
    )
}
