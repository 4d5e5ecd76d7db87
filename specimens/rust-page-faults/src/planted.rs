//! A new field for each walk.

use crate::{FIELD, mark};

/// The planted cause.
#[inline(never)]
pub(crate) fn walk(places: &[usize]) -> usize {
    let mut field = vec![0_u8; FIELD];
    mark(&mut field, places)
}
