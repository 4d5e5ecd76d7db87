//! Zipf's law by rejection-inversion: no table, whatever the number of ranks.
//!
//! Hörmann and Derflinger, "Rejection-inversion to generate variates from monotone discrete
//! distributions", ACM TOMACS 6(3), 1996. A draw needs less than 1.1 tries on average.

use crate::random::Random;

/// Ranks 1 to n, rank k with a frequency proportional to k^-s.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Zipf {
    n: f64,
    s: f64,
    integral_first: f64,
    integral_last: f64,
    shortcut: f64,
}

impl Zipf {
    /// `n` at least 1, `s` at least 0.
    pub(crate) fn new(n: u64, s: f64) -> Self {
        let mut zipf = Self {
            n: n as f64,
            s,
            integral_first: 0.0,
            integral_last: 0.0,
            shortcut: 0.0,
        };
        zipf.integral_first = zipf.integral(1.5) - 1.0;
        zipf.integral_last = zipf.integral(zipf.n + 0.5);
        zipf.shortcut = 2.0 - zipf.inverse(zipf.integral(2.5) - zipf.density(2.0));
        zipf
    }

    /// Draws a rank.
    pub(crate) fn draw(&self, random: &mut Random) -> u64 {
        loop {
            let mark =
                self.integral_last + random.unit() * (self.integral_first - self.integral_last);
            let x = self.inverse(mark);
            let rank = libm::floor(x + 0.5).clamp(1.0, self.n);
            if rank - x <= self.shortcut || mark >= self.integral(rank + 0.5) - self.density(rank) {
                return rank as u64;
            }
        }
    }

    /// x^-s.
    fn density(&self, x: f64) -> f64 {
        libm::exp(-self.s * libm::log(x))
    }

    /// An antiderivative of the density: (x^(1-s) - 1) / (1 - s), or log x where s is 1.
    fn integral(&self, x: f64) -> f64 {
        let log = libm::log(x);
        expm1_over(log * (1.0 - self.s)) * log
    }

    fn inverse(&self, mark: f64) -> f64 {
        let t = (mark * (1.0 - self.s)).max(-1.0);
        libm::exp(log1p_over(t) * mark)
    }
}

/// (e^x - 1) / x, with its limit at 0.
fn expm1_over(x: f64) -> f64 {
    if libm::fabs(x) > 1e-8 {
        libm::expm1(x) / x
    } else {
        1.0 + x / 2.0
    }
}

/// log(1 + x) / x, with its limit at 0.
fn log1p_over(x: f64) -> f64 {
    if libm::fabs(x) > 1e-8 {
        libm::log1p(x) / x
    } else {
        1.0 - x / 2.0
    }
}
