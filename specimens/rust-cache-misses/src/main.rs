//! Sums a window of a million readings, in the order in which they were taken.
//!
//! Planted: `planted::sum` follows a link from each reading to the next, and readings lie anywhere in 64 MiB. So each
//! step waits for memory, and can begin only when the one before has its answer. The healthy twin has the values alone,
//! side by side in their order: 8 MiB, of which the processor fetches the next ones before they are asked for.

#[cfg(feature = "healthy")]
mod healthy;
#[cfg(not(feature = "healthy"))]
mod planted;

#[cfg(feature = "healthy")]
use healthy::Readings;
use http_server::{Request, draw, threads};
#[cfg(not(feature = "healthy"))]
use planted::Readings;

const READINGS: usize = 1 << 20;
const WINDOW: usize = 4_000;

fn main() -> std::io::Result<()> {
    let readings = Readings::new((0..READINGS).map(|number| draw::mix(number as u64) % 1000).collect());
    threads::serve(move |request| answer(&readings, request))
}

fn answer(readings: &Readings, request: &Request) -> String {
    let from = draw::of(request.value("key")) as usize % READINGS;
    format!("{}\n", readings.sum(from, WINDOW))
}
