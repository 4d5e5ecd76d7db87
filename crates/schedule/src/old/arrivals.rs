//! Draws: gaps, operations and payloads, each from a random stream of its own.
//!
//! Separate streams keep the arrival times of a seed fixed while weights or payloads change.

use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

use crate::old::{Arrival, Spec};

const STREAM_GAPS: u64 = 0;
const STREAM_OPERATIONS: u64 = 1;
const STREAM_PAYLOADS: u64 = 2;
/// Spacing of the doubles that [`unit`] draws.
const ULP: f64 = 1.0 / (1_u64 << 53) as f64;

fn stream(seed: u64, number: u64) -> ChaCha20Rng {
    let mut key = [0; 32];
    key[..8].copy_from_slice(&seed.to_le_bytes());
    let mut random = ChaCha20Rng::from_seed(key);
    random.set_stream(number);
    random
}

/// Draws uniformly from [0, 1).
fn unit(random: &mut ChaCha20Rng) -> f64 {
    (random.next_u64() >> 11) as f64 * ULP
}

/// Intended starts in ns, rising, all below the duration.
pub(crate) struct Starts {
    arrival: Arrival,
    gap_ns: f64,
    duration_ns: f64,
    index: u64,
    clock_ns: f64,
    random: ChaCha20Rng,
}

impl Starts {
    pub(crate) fn new(spec: &Spec) -> Self {
        Self {
            arrival: spec.arrival,
            gap_ns: 1e9 / spec.rate_per_s,
            duration_ns: spec.duration_ns as f64,
            index: 0,
            clock_ns: 0.0,
            random: stream(spec.seed, STREAM_GAPS),
        }
    }
}

impl Iterator for Starts {
    type Item = u64;

    fn next(&mut self) -> Option<u64> {
        let start = match self.arrival {
            Arrival::Constant => self.index as f64 * self.gap_ns,
            Arrival::Poisson => {
                self.clock_ns -= libm::log(1.0 - unit(&mut self.random)) * self.gap_ns;
                self.clock_ns
            }
        };
        self.index += 1;
        (start < self.duration_ns).then_some(start as u64)
    }
}

/// Draws operations by weight and payloads evenly from their pools.
pub(crate) struct Draws {
    cumulative: Vec<f64>,
    pools: Vec<(u32, u32)>,
    operations: ChaCha20Rng,
    payloads: ChaCha20Rng,
}

impl Draws {
    /// `pools`: first payload and number of payloads of each operation.
    pub(crate) fn new(spec: &Spec, pools: Vec<(u32, u32)>) -> Self {
        let cumulative = spec.operations.iter().scan(0.0, |sum, operation| {
            *sum += operation.weight;
            Some(*sum)
        });
        Self {
            cumulative: cumulative.collect(),
            pools,
            operations: stream(spec.seed, STREAM_OPERATIONS),
            payloads: stream(spec.seed, STREAM_PAYLOADS),
        }
    }

    /// Returns (operation, payload).
    pub(crate) fn next(&mut self) -> (u32, u32) {
        let total = self.cumulative.last().copied().unwrap_or(0.0);
        let mark = unit(&mut self.operations) * total;
        let found = self.cumulative.partition_point(|sum| *sum <= mark);
        let operation = found.min(self.cumulative.len() - 1);
        let (first, count) = self.pools[operation];
        let scaled = u128::from(self.payloads.next_u64()) * u128::from(count);
        (operation as u32, first + (scaled >> 64) as u32)
    }
}
