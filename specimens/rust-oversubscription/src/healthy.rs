//! The thread that is there.

use crate::sum_piece;

pub(crate) fn sum(table: &[u64], weight: u64) -> u64 {
    sum_piece(table, weight)
}
