//! Counts the rows of a table by kind, weighed by what a request asks for.
//!
//! Planted: two threads share the work of long tables, and `planted::count` adds each row to one of four counters that
//! both threads have. These lie on one cache line, which the CPUs take from each other at each row; that takes many
//! times as long as to find out a row's kind. The healthy twin counts in each thread by itself and adds up at the end.

#[cfg(feature = "healthy")]
mod healthy;
#[cfg(not(feature = "healthy"))]
mod planted;

use std::ops::Range;
use std::thread;

#[cfg(feature = "healthy")]
use healthy::Counts;
use http_server::{Request, draw, threads};
#[cfg(not(feature = "healthy"))]
use planted::Counts;

const KINDS: usize = 4;
/// Shorter tables are not worth a thread.
const LONG: u64 = 50_000;
const LONGEST: u64 = 1_000_000;

fn main() -> std::io::Result<()> {
    threads::serve(answer)
}

fn answer(request: &Request) -> String {
    let weight = draw::of(request.value("key"));
    let rows = request.value("rows").parse().unwrap_or(0).min(LONGEST);
    let counts = Counts::default();
    if rows < LONG {
        counts.count(0..rows, weight);
    } else {
        thread::scope(|both| {
            both.spawn(|| counts.count(0..rows / 2, weight));
            counts.count(rows / 2..rows, weight);
        });
    }
    let found: Vec<String> = counts.all().iter().map(u64::to_string).collect();
    format!("{}\n", found.join(" "))
}

/// Yields the kinds of rows.
fn kinds(rows: Range<u64>, weight: u64) -> impl Iterator<Item = usize> {
    rows.map(move |row| (draw::mix(row ^ weight) >> 32) as usize % KINDS)
}
