//! The Huffman code of HPACK (RFC 7541, appendix B).
//!
//! The code is canonical: codes of one length are consecutive numbers in the order of their symbols, so the
//! lengths alone give the whole code.

use super::{HpackError, Text};

/// Bits of the code of each byte.
#[rustfmt::skip]
const LENGTHS: [u8; 256] = [
    13, 23, 28, 28, 28, 28, 28, 28, 28, 24, 30, 28, 28, 30, 28, 28, 28, 28, 28, 28,
    28, 28, 30, 28, 28, 28, 28, 28, 28, 28, 28, 28, 6, 10, 10, 12, 13, 6, 8, 11,
    10, 10, 8, 11, 8, 6, 6, 6, 5, 5, 5, 6, 6, 6, 6, 6, 6, 6, 7, 8,
    15, 6, 12, 10, 13, 6, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7,
    7, 7, 7, 7, 7, 7, 7, 7, 8, 7, 8, 13, 19, 13, 14, 6, 15, 5, 6, 5,
    6, 5, 6, 6, 6, 5, 7, 7, 6, 6, 6, 5, 6, 7, 6, 5, 5, 6, 7, 7,
    7, 7, 7, 15, 11, 14, 13, 28, 20, 22, 20, 20, 22, 22, 22, 23, 22, 23, 23, 23,
    23, 23, 24, 23, 24, 24, 22, 23, 24, 23, 23, 23, 23, 21, 22, 23, 22, 23, 23, 24,
    22, 21, 20, 22, 22, 23, 23, 21, 23, 22, 22, 24, 21, 22, 23, 23, 21, 21, 22, 21,
    23, 22, 23, 23, 20, 22, 22, 22, 23, 22, 22, 23, 26, 26, 20, 19, 22, 23, 22, 25,
    26, 26, 26, 27, 27, 26, 24, 25, 19, 21, 26, 27, 27, 26, 27, 24, 21, 21, 26, 26,
    28, 27, 27, 27, 20, 24, 20, 21, 22, 21, 21, 23, 22, 22, 25, 25, 24, 24, 26, 23,
    26, 27, 26, 26, 27, 27, 27, 27, 27, 28, 27, 27, 27, 27, 27, 26,
];
const LONGEST: usize = 30;

struct Code {
    /// Symbols in the order of their codes.
    symbols: [u8; 256],
    /// Where in `symbols` the codes of a length begin.
    starts: [u16; LONGEST + 1],
    /// The first code of a length.
    firsts: [u32; LONGEST + 1],
    /// Every code of a length or shorter is less than this, written from the left in 32 bits.
    bounds: [u32; LONGEST + 1],
    /// By the next 8 bits: symbol and length of a code that fits in them, or length 0.
    short: [(u8, u8); 256],
}

const fn build() -> Code {
    let mut code = Code {
        symbols: [0; 256],
        starts: [0; LONGEST + 1],
        firsts: [0; LONGEST + 1],
        bounds: [0; LONGEST + 1],
        short: [(0, 0); 256],
    };
    let (mut next, mut count, mut length) = (0_u32, 0, 1);
    while length <= LONGEST {
        next <<= 1;
        code.starts[length] = count as u16;
        code.firsts[length] = next;
        let mut symbol = 0;
        while symbol < 256 {
            if LENGTHS[symbol] as usize == length {
                code.symbols[count] = symbol as u8;
                count += 1;
                if length <= 8 {
                    fill(&mut code.short, next << (8 - length), symbol as u8, length);
                }
                next += 1;
            }
            symbol += 1;
        }
        code.bounds[length] = next << (32 - length);
        length += 1;
    }
    code
}

const fn fill(short: &mut [(u8, u8); 256], first: u32, symbol: u8, length: usize) {
    let mut index = first as usize;
    while index < first as usize + (1 << (8 - length)) {
        short[index] = (symbol, length as u8);
        index += 1;
    }
}

static CODE: Code = build();

/// Returns the next symbol and the length of its code, or nothing where `window` begins with no code.
fn symbol(window: u32) -> Option<(u8, u32)> {
    let (symbol, length) = CODE.short[(window >> 24) as usize];
    if length > 0 {
        return Some((symbol, u32::from(length)));
    }
    let length = (9..=LONGEST).find(|length| window < CODE.bounds[*length])?;
    let nth = (window >> (32 - length)) - CODE.firsts[length];
    let index = CODE.starts[length] as usize + nth as usize;
    Some((CODE.symbols[index], length as u32))
}

/// Decodes a whole string.
pub(super) fn decode(coded: &[u8]) -> Result<Text, HpackError> {
    let mut text = Text::new();
    let mut coded = coded.iter();
    // The bits not yet decoded, at the low end.
    let (mut bits, mut count) = (0_u64, 0_u32);
    loop {
        while count <= 56
            && let Some(byte) = coded.next()
        {
            bits = bits << 8 | u64::from(*byte);
            count += 8;
        }
        let padding = (1_u64 << count.min(7)) - 1;
        if count < 8 && bits & padding == padding {
            return Ok(text);
        }
        let (symbol, length) = symbol(window(bits, count)).ok_or(HpackError::Huffman)?;
        count = count.checked_sub(length).ok_or(HpackError::Huffman)?;
        text.push(symbol);
    }
}

/// The next 32 bits, filled with ones where there are fewer.
const fn window(bits: u64, count: u32) -> u32 {
    if count >= 32 {
        (bits >> (count - 32)) as u32
    } else {
        (bits << (32 - count)) as u32 | (u32::MAX >> count)
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// Encodes with the same code, written the other way round.
    pub(in super::super) fn encode(bytes: &[u8]) -> Vec<u8> {
        let mut bits = String::new();
        for byte in bytes {
            let length = LENGTHS[*byte as usize] as usize;
            let start = CODE.starts[length] as usize;
            let nth = CODE.symbols[start..]
                .iter()
                .position(|symbol| symbol == byte);
            let code = CODE.firsts[length] + nth.unwrap_or_default() as u32;
            bits.push_str(&format!("{code:0length$b}"));
        }
        while !bits.len().is_multiple_of(8) {
            bits.push('1');
        }
        let byte =
            |nth: usize| u8::from_str_radix(&bits[nth * 8..nth * 8 + 8], 2).unwrap_or_default();
        (0..bits.len() / 8).map(byte).collect()
    }

    #[test]
    fn the_code_is_that_of_the_standard() {
        // The last code is followed by the end symbol alone: 30 ones.
        assert_eq!(CODE.bounds[LONGEST], u32::MAX << 2);
        assert_eq!(
            encode(b"www.example.com"),
            *b"\xf1\xe3\xc2\xe5\xf2\x3a\x6b\xa0\xab\x90\xf4\xff"
        );
        assert_eq!(encode(b"no-cache"), *b"\xa8\xeb\x10\x64\x9c\xbf");
    }
}
