//! Numbers that look random and follow from what was asked.

/// Returns a number that `value` alone decides (SplitMix64: Steele, Lea and Flood 2014).
#[must_use]
pub fn mix(value: u64) -> u64 {
    let mut mixed = value.wrapping_add(0x9e37_79b9_7f4a_7c15);
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}

/// Returns a number that the text alone decides (FNV-1a, mixed).
#[must_use]
pub fn of(text: &str) -> u64 {
    let folded = text
        .bytes()
        .fold(0xcbf2_9ce4_8422_2325_u64, |so_far, byte| (so_far ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3));
    mix(folded)
}
