//! Finds the row of a table that has a given content, without storing the content twice.

use std::hash::{BuildHasher, Hash};

use hashbrown::{DefaultHashBuilder, HashTable};

/// Hash index over the rows of a table that is kept elsewhere.
#[derive(Clone, Default)]
pub(crate) struct Index {
    rows: HashTable<(u64, u32)>,
    hasher: DefaultHashBuilder,
}

impl Index {
    /// Returns the row with this content.
    pub(crate) fn find<K: Hash + ?Sized>(
        &self,
        content: &K,
        is_same: impl Fn(u32) -> bool,
    ) -> Option<u32> {
        self.find_hashed(self.hasher.hash_one(content), is_same)
    }

    /// Returns the row with this content, or notes that the content is about to become row `next`.
    ///
    /// `is_same` compares the content with that of an existing row.
    pub(crate) fn find_or_note<K: Hash + ?Sized>(
        &mut self,
        content: &K,
        next: u32,
        is_same: impl Fn(u32) -> bool,
    ) -> Option<u32> {
        let hash = self.hasher.hash_one(content);
        let found = self.find_hashed(hash, is_same);
        if found.is_none() {
            self.rows
                .insert_unique(hash, (hash, next), |&(hash, _)| hash);
        }
        found
    }

    fn find_hashed(&self, hash: u64, is_same: impl Fn(u32) -> bool) -> Option<u32> {
        let found = self
            .rows
            .find(hash, |&(other, row)| other == hash && is_same(row));
        found.map(|&(_, row)| row)
    }
}
