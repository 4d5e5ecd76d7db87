//! What distributions and generators must satisfy.

use super::{Arrival, Distribution, Generator, Number};
use crate::ScheduleError;
use crate::error::require;

/// Longest text that may be drawn, in bytes.
const LONGEST_TEXT: f64 = 16.0 * 1024.0 * 1024.0;
const MOST_DIGITS: u8 = 30;

impl Number {
    /// Checks parameters and clamps; `what` names the number.
    pub(crate) fn check(&self, what: &str) -> Result<(), ScheduleError> {
        let (known, sane) = match self.distribution {
            Distribution::Constant { value } => ([value, 0.0], true),
            Distribution::Uniform { low, high } => ([low, high], low <= high),
            Distribution::Normal { mean, sd } => ([mean, sd], sd >= 0.0),
            Distribution::Lognormal { median, sigma } => {
                ([median, sigma], median > 0.0 && sigma >= 0.0)
            }
            Distribution::Exponential { mean } => ([mean, 0.0], mean >= 0.0),
            Distribution::Pareto { scale, shape } => ([scale, shape], scale > 0.0 && shape > 0.0),
        };
        let clamps = [self.min, self.max];
        let finite = known
            .into_iter()
            .chain(clamps.into_iter().flatten())
            .all(f64::is_finite);
        let ordered = self.min.zip(self.max).is_none_or(|(min, max)| min <= max);
        require(sane && finite && ordered, || {
            format!("{what}: {:?} has impossible parameters", self.distribution)
        })
    }
}

impl Generator {
    pub(crate) fn check(&self, arrival: Arrival) -> Result<(), String> {
        let problem = match self {
            Self::Choice { values } => values.is_empty().then_some("it holds no value"),
            Self::Zipf { n, s, values } => {
                let named = values
                    .as_ref()
                    .is_none_or(|values| values.len() as u64 >= *n);
                let possible = (1..=1 << 53).contains(n) && (0.0..=100.0).contains(s) && named;
                (!possible).then_some(
                    "zipf needs n in 1..=2^53, s in 0..=100 and, if any, as many values as n",
                )
            }
            Self::Number { number, digits } => {
                number.check("number").map_err(|error| error.to_string())?;
                (*digits > MOST_DIGITS).then_some("more than 30 digits are impossible")
            }
            Self::Text { size, alphabet } => {
                size.check("size").map_err(|error| error.to_string())?;
                let least = size.min.unwrap_or(0.0);
                let possible = !alphabet.is_empty() && least <= LONGEST_TEXT;
                (!possible).then_some("text needs an alphabet and at most 16 MiB")
            }
            Self::Trace { .. } => {
                (arrival != Arrival::Trace).then_some("there is no trace whose column it could be")
            }
            Self::Uuid | Self::Counter { .. } => None,
        };
        problem.map_or(Ok(()), |problem| Err(problem.to_owned()))
    }
}
