//! Draws from distributions of numbers.

use crate::random::Random;
use crate::spec::{Distribution, Number};

/// A distribution that numbers are drawn from.
pub(crate) trait Draw {
    /// Draws a finite number.
    fn draw(&self, random: &mut Random) -> f64;
}

impl Draw for Number {
    fn draw(&self, random: &mut Random) -> f64 {
        let drawn = match self.distribution {
            Distribution::Constant { value } => value,
            Distribution::Uniform { low, high } => low + (high - low) * random.unit(),
            Distribution::Normal { mean, sd } => mean + sd * random.normal(),
            Distribution::Lognormal { median, sigma } => {
                median * libm::exp(sigma * random.normal())
            }
            Distribution::Exponential { mean } => mean * random.exponential(),
            Distribution::Pareto { scale, shape } => {
                scale * libm::exp(random.exponential() / shape)
            }
        };
        drawn
            .clamp(-f64::MAX, f64::MAX)
            .max(self.min.unwrap_or(-f64::MAX))
            .min(self.max.unwrap_or(f64::MAX))
    }
}
