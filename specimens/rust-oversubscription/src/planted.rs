//! More threads than CPUs, for each request.

use std::thread;

use crate::sum_piece;

const THREADS: usize = 32;

/// The planted cause.
#[inline(never)]
pub(crate) fn sum(table: &[u64], weight: u64) -> u64 {
    thread::scope(|scope| {
        let pieces = table.chunks(table.len().div_ceil(THREADS));
        let started: Vec<_> = pieces.map(|piece| scope.spawn(move || sum_piece(piece, weight))).collect();
        let sums = started.into_iter().filter_map(|thread| thread.join().ok());
        sums.fold(0, u64::wrapping_add)
    })
}
