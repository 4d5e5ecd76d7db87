//! Knows for each word which documents hold it.

use std::collections::BTreeMap;

/// Word → the documents that hold it, in their order.
pub(crate) struct Index {
    holders: BTreeMap<u32, Vec<u32>>,
}

impl Index {
    pub(crate) fn new(documents: Vec<Vec<u32>>) -> Self {
        let mut holders: BTreeMap<u32, Vec<u32>> = BTreeMap::new();
        for (number, document) in (0..).zip(documents) {
            for word in document {
                let known = holders.entry(word).or_default();
                if known.last() != Some(&number) {
                    known.push(number);
                }
            }
        }
        Self { holders }
    }

    /// Returns the documents that hold any of the terms, each with how many of them.
    pub(crate) fn matches(&self, terms: &[u32]) -> Vec<(u32, u32)> {
        let mut found: BTreeMap<u32, u32> = BTreeMap::new();
        for document in terms.iter().filter_map(|term| self.holders.get(term)).flatten() {
            *found.entry(*document).or_default() += 1;
        }
        found.into_iter().collect()
    }
}
