//! The lock is held for as long as the source takes.

use std::sync::PoisonError;

use crate::{TABLE, fetch};

/// The planted cause.
#[inline(never)]
pub(crate) fn refresh() {
    let mut table = TABLE.lock().unwrap_or_else(PoisonError::into_inner);
    *table = fetch();
}

#[inline(never)]
pub(crate) fn price(product: usize) -> u64 {
    TABLE.lock().unwrap_or_else(PoisonError::into_inner).get(product).copied().unwrap_or_default()
}
