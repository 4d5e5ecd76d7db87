//! Random text of a drawn length.

use super::Draw;
use crate::random::Random;
use crate::spec::Number;

/// Longest text in bytes.
const LONGEST: f64 = 16.0 * 1024.0 * 1024.0;

/// Text made of the characters of an alphabet.
#[derive(Debug)]
pub(crate) struct Text {
    size: Number,
    alphabet: Vec<char>,
}

impl Text {
    pub(crate) fn new(size: Number, alphabet: &str) -> Self {
        Self {
            size,
            alphabet: alphabet.chars().collect(),
        }
    }

    /// Appends a text; it is shorter than drawn only where the next character would not fit.
    pub(crate) fn next(&self, random: &mut Random, out: &mut Vec<u8>) {
        let size = libm::round(self.size.draw(random)).clamp(0.0, LONGEST) as usize;
        out.reserve(size);
        let end = out.len() + size;
        let count = self.alphabet.len() as u64;
        let mut utf8 = [0; 4];
        while out.len() < end {
            let bits = random.bits();
            for half in [bits >> 32, bits & 0xffff_ffff] {
                let character = self.alphabet[((half * count) >> 32) as usize];
                let bytes = character.encode_utf8(&mut utf8).as_bytes();
                if out.len() + bytes.len() > end {
                    return;
                }
                out.extend_from_slice(bytes);
            }
        }
    }
}
