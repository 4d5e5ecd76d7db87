//! Answers from a catalogue that a thread makes anew twice a second.
//!
//! Planted: the catalogue is a block of memory for each entry, and all threads have one arena of glibc's allocator, as
//! containers often ask for (MALLOC_ARENA_MAX=1). When the old catalogue goes, the allocator joins 400,000 free blocks
//! while it holds the arena's lock, for tens of milliseconds. `lines` allocates for each request and waits for that
//! lock. The healthy twin has the same arena and keeps its catalogue in one block.

#[cfg(feature = "healthy")]
mod healthy;
#[cfg(not(feature = "healthy"))]
mod planted;

use std::sync::{PoisonError, RwLock};
use std::thread;
use std::time::Duration;

#[cfg(feature = "healthy")]
use healthy::Catalogue;
use http_server::{Request, draw, threads};
#[cfg(not(feature = "healthy"))]
use planted::Catalogue;

const ENTRIES: usize = 400_000;
const EVERY: Duration = Duration::from_millis(500);
/// More than a thread's cache of free blocks holds of one size (7), so that the arena is asked.
const LINES: usize = 24;
/// Beyond the sizes that are kept apart until they are joined.
const LINE: usize = 600;

static CATALOGUE: RwLock<Option<Catalogue>> = RwLock::new(None);

fn main() -> std::io::Result<()> {
    refresh();
    thread::Builder::new().name("refresh".to_owned()).spawn(|| {
        loop {
            thread::sleep(EVERY);
            refresh();
        }
    })?;
    threads::serve(answer)
}

/// Makes a catalogue, always the same, and frees the one before: not while others wait for the lock around it.
#[inline(never)]
fn refresh() {
    let new = Catalogue::new();
    let old = CATALOGUE.write().unwrap_or_else(PoisonError::into_inner).replace(new);
    drop(old);
}

fn answer(request: &Request) -> String {
    let drawn = draw::of(request.value("key"));
    let found = lines(drawn);
    let length: usize = found.iter().map(Vec::len).sum();
    let sum = found.iter().flatten().fold(drawn, |so_far, &byte| draw::mix(so_far ^ u64::from(byte)));
    format!("{length} bytes, {sum:016x}\n")
}

/// Returns some entries, each in a buffer with room for more.
#[inline(never)]
fn lines(drawn: u64) -> Vec<Vec<u8>> {
    let catalogue = CATALOGUE.read().unwrap_or_else(PoisonError::into_inner);
    let Some(known) = catalogue.as_ref() else { return Vec::new() };
    (0..LINES as u64)
        .map(|number| {
            let mut line = Vec::with_capacity(LINE);
            line.extend_from_slice(known.entry((draw::mix(drawn ^ number) % ENTRIES as u64) as usize));
            line
        })
        .collect()
}

/// Returns how long an entry is, and the byte that it consists of.
fn content(number: usize) -> (usize, u8) {
    let drawn = draw::mix(number as u64);
    (40 + (drawn % 25) as usize, b'a' + (drawn >> 32) as u8 % 26)
}
