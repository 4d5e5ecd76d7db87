//! What a schedule is compiled from.

use serde::Deserialize;

use crate::old::ScheduleError;

const MAX_ENTRIES: f64 = 1e9;
/// Most operations and most connections: what 16 bits number.
pub(crate) const MOST: u32 = 65_535;
/// Longest duration and time-out: sums with clock readings stay far from overflow.
pub(crate) const LONGEST_NS: u64 = 7 * 24 * 3_600_000_000_000;

/// The process that places intended starts on the time line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Arrival {
    /// Independent exponential gaps.
    Poisson,
    /// Equal gaps, the first start at zero.
    Constant,
}

impl Arrival {
    /// The name as written in a workload.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Poisson => "poisson",
            Self::Constant => "constant",
        }
    }
}

/// One kind of request.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct OperationSpec {
    /// Name shown to people.
    pub name: String,
    /// Relative frequency, > 0.
    pub weight: f64,
    /// A request without a complete answer this long after its intended start is a time-out.
    pub timeout_ns: u64,
    /// HTTP status that counts as success.
    pub expected_status: u16,
}

/// Everything but the payloads.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct Spec {
    /// Arrival process.
    pub arrival: Arrival,
    /// Mean rate of intended starts, per second.
    pub rate_per_s: f64,
    /// Starts are placed in `0..duration_ns`.
    pub duration_ns: u64,
    /// Fixes every draw.
    pub seed: u64,
    /// Cap of the connection pool that plays this schedule.
    #[serde(default = "default_connections")]
    pub max_connections: u32,
    /// The operations, in the order of the payload pools.
    pub operations: Vec<OperationSpec>,
}

const fn default_connections() -> u32 {
    256
}

fn require(condition: bool, message: impl FnOnce() -> String) -> Result<(), ScheduleError> {
    if condition {
        Ok(())
    } else {
        Err(ScheduleError::Spec(message()))
    }
}

impl Spec {
    /// Checks the values and that each operation has at least one payload.
    pub(crate) fn check<B: AsRef<[u8]>>(&self, pools: &[Vec<B>]) -> Result<(), ScheduleError> {
        let expected = self.rate_per_s * self.duration_ns as f64 / 1e9;
        require(self.rate_per_s.is_finite() && self.rate_per_s > 0.0, || {
            format!("rate {} per second is not above 0", self.rate_per_s)
        })?;
        require((1..=LONGEST_NS).contains(&self.duration_ns), || {
            format!(
                "a duration of {} ns is not between 1 ns and 7 days",
                self.duration_ns
            )
        })?;
        require(expected <= MAX_ENTRIES, || {
            format!("{expected:.0} requests are more than {MAX_ENTRIES:.0}")
        })?;
        require((1..=MOST).contains(&self.max_connections), || {
            format!(
                "max_connections {} is not in 1..={MOST}",
                self.max_connections
            )
        })?;
        require((1..=MOST as usize).contains(&self.operations.len()), || {
            format!("{} operations are not in 1..={MOST}", self.operations.len())
        })?;
        require(pools.len() == self.operations.len(), || {
            format!(
                "{} payload pools for {} operations",
                pools.len(),
                self.operations.len()
            )
        })?;
        let all = self.operations.iter().zip(pools);
        all.into_iter()
            .try_for_each(|(operation, pool)| operation.check(pool))
    }
}

impl OperationSpec {
    fn check<B: AsRef<[u8]>>(&self, pool: &[B]) -> Result<(), ScheduleError> {
        let name = &self.name;
        require(name.len() <= usize::from(u16::MAX), || {
            format!("a name of {} bytes is too long", name.len())
        })?;
        require(self.weight.is_finite() && self.weight > 0.0, || {
            format!("operation {name:?}: weight {} is not above 0", self.weight)
        })?;
        require((1..=LONGEST_NS).contains(&self.timeout_ns), || {
            format!(
                "operation {name:?}: a time-out of {} ns is not between 1 ns and 7 days",
                self.timeout_ns
            )
        })?;
        require((100..=999).contains(&self.expected_status), || {
            format!(
                "operation {name:?}: status {} is not in 100..=999",
                self.expected_status
            )
        })?;
        require(!pool.is_empty(), || {
            format!("operation {name:?} has no payload")
        })?;
        let fits = |payload: &B| (1..=u32::MAX as usize).contains(&payload.as_ref().len());
        require(pool.iter().all(fits), || {
            format!("operation {name:?} has an empty payload or one of 4 GiB or more")
        })
    }
}
