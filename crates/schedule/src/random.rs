//! Randomness: one ChaCha20 stream for each purpose, so that no draw moves another.

use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};
use sha2::{Digest, Sha256};

/// Spacing of the doubles that [`Random::unit`] draws.
const ULP: f64 = 1.0 / (1_u64 << 53) as f64;
/// Set in the numbers of named streams, so that none meets a numbered one.
const NAMED: u64 = 1 << 63;

/// What a numbered stream is for.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Purpose {
    Gaps = 0,
    Operations = 1,
    Payloads = 2,
    SessionLengths = 3,
    Thinks = 4,
    Bursts = 5,
}

/// A source of draws that are equal on every machine.
#[derive(Clone, Debug)]
pub(crate) struct Random(ChaCha20Rng);

impl Random {
    pub(crate) fn new(seed: u64, purpose: Purpose) -> Self {
        Self::stream(seed, purpose as u64)
    }

    /// The stream of one name of one operation; other operations and names do not move it.
    pub(crate) fn named(seed: u64, operation: &str, name: &str) -> Self {
        let mut digest = Sha256::new();
        digest.update((operation.len() as u64).to_le_bytes());
        digest.update(operation);
        digest.update(name);
        let mut number = [0; 8];
        number.copy_from_slice(&digest.finalize()[..8]);
        Self::stream(seed, u64::from_le_bytes(number) | NAMED)
    }

    fn stream(seed: u64, number: u64) -> Self {
        let mut key = [0; 32];
        key[..8].copy_from_slice(&seed.to_le_bytes());
        let mut random = ChaCha20Rng::from_seed(key);
        random.set_stream(number);
        Self(random)
    }

    /// Draws 64 bits.
    pub(crate) fn bits(&mut self) -> u64 {
        self.0.next_u64()
    }

    /// Draws uniformly from [0, 1).
    pub(crate) fn unit(&mut self) -> f64 {
        (self.bits() >> 11) as f64 * ULP
    }

    /// Draws uniformly from `0..count`.
    pub(crate) fn below(&mut self, count: u64) -> u64 {
        ((u128::from(self.bits()) * u128::from(count)) >> 64) as u64
    }

    /// Draws from the exponential distribution with mean 1.
    pub(crate) fn exponential(&mut self) -> f64 {
        -libm::log(1.0 - self.unit())
    }

    /// Draws from the normal distribution with mean 0 and standard deviation 1 (Box and Muller 1958).
    pub(crate) fn normal(&mut self) -> f64 {
        let radius = libm::sqrt(2.0 * self.exponential());
        radius * libm::cos(2.0 * std::f64::consts::PI * self.unit())
    }
}
