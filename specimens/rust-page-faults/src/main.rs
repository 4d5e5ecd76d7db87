//! Counts how many different places a walk over a large field visits.
//!
//! Planted: `planted::walk` takes a field of 48 MiB of zeros for each request and gives it back behind it. The C
//! library maps and unmaps so large a piece each time, so the first touch of each of 900 pages is a page fault, in
//! which the kernel has to find and clear memory. The healthy twin keeps its fields and clears what it has touched.

#[cfg(feature = "healthy")]
mod healthy;
#[cfg(not(feature = "healthy"))]
mod planted;

#[cfg(feature = "healthy")]
use healthy::walk;
use http_server::{Request, draw, threads};
#[cfg(not(feature = "healthy"))]
use planted::walk;

/// More than glibc ever keeps for later (its mmap threshold grows to 32 MiB at most).
const FIELD: usize = 48 << 20;
const PAGES: usize = 900;
const STEPS: usize = PAGES + PAGES / 4;
const BETWEEN: usize = FIELD / PAGES;

fn main() -> std::io::Result<()> {
    threads::serve(answer)
}

fn answer(request: &Request) -> String {
    let places: Vec<usize> = places(draw::of(request.value("key"))).collect();
    format!("{} places\n", walk(&places))
}

/// Returns where a walk goes: to one of 64 places of each page, and again to some.
fn places(from: u64) -> impl Iterator<Item = usize> {
    (0..STEPS).map(move |step| (step % PAGES) * BETWEEN + (draw::mix(from ^ step as u64) % 64) as usize)
}

/// Marks the places; returns how many were not marked before.
fn mark(field: &mut [u8], places: &[usize]) -> usize {
    let mut new = 0;
    for &place in places {
        if let Some(cell) = field.get_mut(place) {
            new += usize::from(*cell == 0);
            *cell = 1;
        }
    }
    new
}
