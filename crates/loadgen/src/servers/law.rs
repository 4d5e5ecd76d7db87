//! Laws of service times, drawn by seed.

/// How long one service takes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Law {
    /// Always the same: the D of M/D/1.
    Constant {
        /// In ns.
        mean_ns: f64,
    },
    /// Without memory: M/M/1.
    Exponential {
        /// In ns.
        mean_ns: f64,
    },
    /// Two exponentials that contribute alike to the mean ("balanced means"): M/H2/1.
    Hyperexponential {
        /// In ns.
        mean_ns: f64,
        /// Variance over the square of the mean, at least 1.
        scv: f64,
    },
}

impl Law {
    /// Whether the numbers make sense.
    pub const fn is_possible(&self) -> bool {
        let (mean, scv) = match *self {
            Self::Constant { mean_ns } | Self::Exponential { mean_ns } => (mean_ns, 1.0),
            Self::Hyperexponential { mean_ns, scv } => (mean_ns, scv),
        };
        mean >= 1.0 && mean <= 60e9 && scv >= 1.0 && scv <= 1e6
    }
}

/// Endless service times of one law and seed.
pub(super) struct Services {
    law: Law,
    state: u64,
}

impl Services {
    pub(super) const fn new(law: Law, seed: u64) -> Self {
        Self { law, state: seed }
    }

    /// In ns.
    pub(super) fn draw(&mut self) -> u64 {
        let drawn = match self.law {
            Law::Constant { mean_ns } => mean_ns,
            Law::Exponential { mean_ns } => self.exponential(mean_ns),
            Law::Hyperexponential { mean_ns, scv } => {
                let quick = f64::midpoint(1.0, ((scv - 1.0) / (scv + 1.0)).sqrt());
                let share = if self.unit() < quick {
                    quick
                } else {
                    1.0 - quick
                };
                self.exponential(mean_ns / (2.0 * share))
            }
        };
        drawn.round() as u64
    }

    fn exponential(&mut self, mean_ns: f64) -> f64 {
        -(1.0 - self.unit()).ln() * mean_ns
    }

    /// SplitMix64, as a number in [0, 1).
    const fn unit(&mut self) -> f64 {
        self.state = self.state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.state;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        ((mixed ^ (mixed >> 31)) >> 11) as f64 / (1_u64 << 53) as f64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn moments(law: Law) -> (f64, f64) {
        let mut services = Services::new(law, 7);
        let drawn: Vec<f64> = (0..400_000).map(|_| services.draw() as f64).collect();
        let mean = drawn.iter().sum::<f64>() / drawn.len() as f64;
        let square = drawn.iter().map(|one| (one - mean).powi(2)).sum::<f64>() / drawn.len() as f64;
        (mean, square / mean.powi(2))
    }

    #[test]
    fn mean_and_variance_are_those_asked_for() {
        let mean_ns = 2e6;
        for (law, scv) in [
            (Law::Constant { mean_ns }, 0.0),
            (Law::Exponential { mean_ns }, 1.0),
            (Law::Hyperexponential { mean_ns, scv: 3.0 }, 3.0),
        ] {
            let (mean, seen) = moments(law);
            assert!((mean / mean_ns - 1.0).abs() < 0.01, "{law:?}: mean {mean}");
            assert!((seen - scv).abs() < 0.1, "{law:?}: {seen}");
        }
    }

    #[test]
    fn a_seed_gives_the_same_times_again() {
        let law = Law::Exponential { mean_ns: 1e6 };
        let (mut one, mut other) = (Services::new(law, 3), Services::new(law, 3));
        assert!((0..100).all(|_| one.draw() == other.draw()));
    }

    #[test]
    fn impossible_laws_are_told() {
        assert!(!Law::Constant { mean_ns: 0.0 }.is_possible());
        assert!(!Law::Exponential { mean_ns: f64::NAN }.is_possible());
        let flat = Law::Hyperexponential {
            mean_ns: 1e6,
            scv: 0.5,
        };
        assert!(!flat.is_possible());
    }
}
