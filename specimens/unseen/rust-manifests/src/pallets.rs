//! The pallets of one list, each by its code.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::hash::BuildHasherDefault;

use crate::hasher::CodeHasher;
use crate::manifest::Line;

#[derive(Default)]
pub(crate) struct Pallets<'a> {
    by_code: HashMap<&'a str, Line<'a>, BuildHasherDefault<CodeHasher>>,
}

/// How a line relates to those before it.
pub(crate) enum Seen<'a> {
    New,
    /// A pallet that was scanned twice.
    Again,
    /// Another pallet of the same code: this one.
    Otherwise(Line<'a>),
}

impl<'a> Pallets<'a> {
    pub(crate) fn note(&mut self, line: Line<'a>) -> Seen<'a> {
        match self.by_code.entry(line.code) {
            Entry::Vacant(entry) => {
                entry.insert(line);
                Seen::New
            }
            Entry::Occupied(entry) if *entry.get() == line => Seen::Again,
            Entry::Occupied(entry) => Seen::Otherwise(*entry.get()),
        }
    }

    pub(crate) fn count(&self) -> usize {
        self.by_code.len()
    }

    pub(crate) fn kilograms(&self) -> u32 {
        self.by_code.values().map(|line| line.kilograms).sum()
    }
}
