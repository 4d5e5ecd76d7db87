//! Sums a table, weighed by what a request asks for.
//!
//! Planted: `planted::sum` starts a thread for each of 32 pieces of the table. There is one CPU, or a few; so the
//! threads take turns, those of one request among those of others, and starting and ending them takes many times
//! longer than the sum. The healthy twin sums in the thread of the connection.

#[cfg(feature = "healthy")]
mod healthy;
#[cfg(not(feature = "healthy"))]
mod planted;

#[cfg(feature = "healthy")]
use healthy::sum;
use http_server::{Request, draw, threads};
#[cfg(not(feature = "healthy"))]
use planted::sum;

const NUMBERS: u64 = 16_384;

fn main() -> std::io::Result<()> {
    let table: Vec<u64> = (0..NUMBERS).map(draw::mix).collect();
    threads::serve(move |request| answer(&table, request))
}

fn answer(table: &[u64], request: &Request) -> String {
    let weight = draw::of(request.value("key"));
    format!("{:016x}\n", sum(table, weight))
}

/// Returns the sum of one piece; pieces may be summed in any order.
#[inline(never)]
fn sum_piece(piece: &[u64], weight: u64) -> u64 {
    piece.iter().fold(0, |so_far, number| so_far.wrapping_add(draw::mix(number ^ weight)))
}
