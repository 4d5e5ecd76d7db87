//! A hash for the codes of pallets, which come from our own customers and are short.

use std::hash::Hasher;

const FACTOR: u64 = 0x9e37_79b9_7f4a_7c15;

/// Codes have eight characters: one word.
#[derive(Default)]
pub(crate) struct CodeHasher(u64);

impl Hasher for CodeHasher {
    fn write(&mut self, bytes: &[u8]) {
        let mut word = [0; 8];
        let length = bytes.len().min(word.len());
        word[..length].copy_from_slice(&bytes[..length]);
        self.0 = (self.0.rotate_left(5) ^ u64::from_le_bytes(word)).wrapping_mul(FACTOR);
    }

    fn finish(&self) -> u64 {
        self.0.rotate_left(26)
    }
}
