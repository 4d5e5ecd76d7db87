//! One block for all entries.

use crate::{ENTRIES, content};

/// So that the whole is below 32 MiB, and the C library keeps it for the next one.
const LONGEST: usize = 64;

pub(crate) struct Catalogue {
    /// LONGEST bytes for each entry.
    text: Vec<u8>,
}

impl Catalogue {
    pub(crate) fn new() -> Self {
        let mut text = vec![0; ENTRIES * LONGEST];
        for (number, place) in text.chunks_exact_mut(LONGEST).enumerate() {
            let (length, byte) = content(number);
            place[..length].fill(byte);
        }
        Self { text }
    }

    pub(crate) fn entry(&self, number: usize) -> &[u8] {
        let (length, _) = content(number);
        self.text.get(number * LONGEST..number * LONGEST + length).unwrap_or(&[])
    }
}
