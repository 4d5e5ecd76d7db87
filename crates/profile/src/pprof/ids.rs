//! The numbers that parts of a pprof profile give themselves.

use std::collections::HashMap;

use super::ReadError;

/// Rows by number. Writers count from 1, so that a vector holds nearly all; a number far beyond
/// how many parts there are goes into a map, so that memory is bounded by the number of parts.
pub(super) struct Ids<T> {
    kind: &'static str,
    dense: Vec<Option<T>>,
    sparse: HashMap<u64, T>,
    parts: u64,
}

impl<T: Copy> Ids<T> {
    pub(super) fn of(kind: &'static str) -> Self {
        Self {
            kind,
            dense: Vec::new(),
            sparse: HashMap::new(),
            parts: 0,
        }
    }

    /// Notes a part; 0 and numbers that are taken are errors.
    pub(super) fn note(&mut self, id: u64, row: T) -> Result<(), ReadError> {
        let taken = ReadError::Identity {
            kind: self.kind,
            id,
        };
        if id == 0 || self.find(id).is_some() {
            return Err(taken);
        }
        self.parts += 1;
        if id <= 2 * self.parts + 64 {
            let at = id as usize;
            if at >= self.dense.len() {
                self.dense.resize(at + 1, None);
            }
            self.dense[at] = Some(row);
        } else {
            self.sparse.insert(id, row);
        }
        Ok(())
    }

    /// The part of a number to which a `from` refers.
    pub(super) fn look_up(&self, from: &'static str, id: u64) -> Result<T, ReadError> {
        self.find(id).ok_or(ReadError::Dangling {
            from,
            to: self.kind,
            id,
        })
    }

    fn find(&self, id: u64) -> Option<T> {
        let at = usize::try_from(id).ok();
        let dense = at.and_then(|at| self.dense.get(at)).copied().flatten();
        if dense.is_some() || self.sparse.is_empty() {
            return dense;
        }
        self.sparse.get(&id).copied()
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use proptest::prelude::*;

    use super::Ids;

    proptest! {
        #[test]
        fn every_number_is_found_and_memory_follows_the_parts(
            ids in prop::collection::hash_set(prop_oneof![1u64..400, any::<u64>()], 0..100),
        ) {
            let mut known = Ids::of("part");
            for &id in &ids {
                prop_assert_eq!(known.note(id, id).is_ok(), id != 0);
            }
            for &id in ids.iter().filter(|id| **id != 0) {
                prop_assert_eq!(known.look_up("test", id).unwrap(), id);
                prop_assert!(known.note(id, 0).is_err());
            }
            prop_assert!(known.look_up("test", 0).is_err());
        }
    }

    #[test]
    fn far_numbers_cost_one_entry() {
        let mut known = Ids::of("part");
        known.note(u64::MAX, 1).unwrap();
        assert!(known.dense.is_empty());
        // Were the length the measure, numbers that double could reach 2^40 with 40 parts.
        let mut id = 64;
        for _ in 0..40 {
            let _ = known.note(id, 1);
            id *= 2;
        }
        assert!(known.dense.len() <= 2 * 41 + 65, "{}", known.dense.len());
    }
}
