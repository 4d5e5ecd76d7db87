//! Ranked suggestions: two implementations of one contract.
//!
//! A phrase is a candidate if one of its words begins with the last word typed. Its score is its
//! count times the rarity of its words, times [`LEADS`] if the phrase itself begins with what was
//! typed last, times [`CONTEXT`] for each earlier word typed that it holds. The highest scores
//! come first, equal ones in order of their texts.

#[cfg(feature = "fast")]
mod fast;
#[cfg(any(not(feature = "fast"), test))]
mod slow;

#[cfg(feature = "fast")]
pub use fast::Suggester;
#[cfg(not(feature = "fast"))]
pub use slow::Suggester;

const LEADS: u64 = 4;
const CONTEXT: u64 = 8;

/// How much a word tells, from how often it occurs: 1,000 for once, less by the logarithm of more.
fn rarity(count: u64) -> u64 {
    1_000 / u64::from(count.max(1).ilog2() + 1)
}

#[cfg(test)]
mod tests;
