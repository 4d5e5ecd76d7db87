//! Call chains seen before. Programs repeat themselves: a million samples hold a few hundred
//! different chains. One look at the raw addresses finds the stack of a known one.

use std::hash::BuildHasher;

use hashbrown::{DefaultHashBuilder, HashTable};

/// Addresses kept; when they are more, all are forgotten and collected anew.
const MOST_ADDRESSES: usize = 4 << 20;

/// What a chain was found to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Known {
    /// Row of the stack table.
    pub(super) stack: u32,
    /// The mapping in which the chain broke.
    pub(super) broken: Option<u32>,
}

struct Entry {
    hash: u64,
    start: u32,
    length: u32,
    state: u32,
    known: Known,
}

/// Chains by the state of the memory that explains them.
#[derive(Default)]
pub(super) struct Chains {
    addresses: Vec<u64>,
    entries: HashTable<Entry>,
    hasher: DefaultHashBuilder,
}

impl Chains {
    pub(super) fn hash(&self, state: u32, chain: &[u64]) -> u64 {
        self.hasher.hash_one((state, chain))
    }

    pub(super) fn find(&self, hash: u64, state: u32, chain: &[u64]) -> Option<Known> {
        let is_same = |entry: &Entry| {
            let start = entry.start as usize;
            entry.hash == hash
                && entry.state == state
                && self.addresses[start..start + entry.length as usize] == *chain
        };
        self.entries.find(hash, is_same).map(|entry| entry.known)
    }

    pub(super) fn note(&mut self, hash: u64, state: u32, chain: &[u64], known: Known) {
        if self.addresses.len() + chain.len() > MOST_ADDRESSES {
            self.addresses.clear();
            self.entries.clear();
        }
        let entry = Entry {
            hash,
            start: self.addresses.len() as u32,
            length: chain.len() as u32,
            state,
            known,
        };
        self.addresses.extend_from_slice(chain);
        self.entries.insert_unique(hash, entry, |entry| entry.hash);
    }
}
