//! Ranks documents by how many of a request's terms they hold.
//!
//! Planted: `planted::count_matches` looks for each term among all words of each document, so every request computes
//! for milliseconds, and those that come meanwhile wait for their turn. The hot line is the comparison in
//! `planted::holds`, which the compiler inlines. The healthy twin looks terms up in lists made at the start.

#[cfg(feature = "healthy")]
mod healthy;
#[cfg(not(feature = "healthy"))]
mod planted;

use std::fmt::Write;

#[cfg(feature = "healthy")]
use healthy::Index;
use http_server::{Request, draw, threads};
#[cfg(not(feature = "healthy"))]
use planted::Index;

const DOCUMENTS: u64 = 3500;
const WORDS: u64 = 96;
const VOCABULARY: u64 = 20_000;
const TERMS: u64 = 8;
const SHOWN: usize = 5;

fn main() -> std::io::Result<()> {
    let index = Index::new((0..DOCUMENTS).map(document).collect());
    threads::serve(move |request| answer(&index, request))
}

fn document(number: u64) -> Vec<u32> {
    (0..WORDS).map(|place| word(number * WORDS + place)).collect()
}

fn word(from: u64) -> u32 {
    (draw::mix(from) % VOCABULARY) as u32
}

fn answer(index: &Index, request: &Request) -> String {
    let asked = draw::of(request.value("key"));
    let terms: Vec<u32> = (0..TERMS).map(|place| word(asked.wrapping_add(place))).collect();
    let mut text = String::new();
    for (document, matches) in best(index.matches(&terms)) {
        // Writing into a String does not fail.
        let _ = writeln!(text, "{document} {matches}");
    }
    text
}

/// Returns the documents with most matches, the earlier one first where they are equal.
fn best(mut found: Vec<(u32, u32)>) -> Vec<(u32, u32)> {
    found.sort_unstable_by_key(|&(document, matches)| (u32::MAX - matches, document));
    found.truncate(SHOWN);
    found
}
