//! Labels that a program or runtime attached to a stack, for example the size of an allocation.

use crate::index::Index;
use crate::strings::StringId;

/// One label: text, or a number with its unit when the text is empty.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Label {
    /// Name of the label.
    pub key: StringId,
    /// Value, when it is text.
    pub text: StringId,
    /// Value, when it is a number.
    pub number: i64,
    /// Unit of the number; may be empty.
    pub unit: StringId,
}

/// Each combination of labels once; row 0 has none.
#[derive(Clone)]
pub struct LabelSets {
    sets: Vec<Box<[Label]>>,
    index: Index,
}

impl Default for LabelSets {
    fn default() -> Self {
        let mut sets = Self {
            sets: Vec::new(),
            index: Index::default(),
        };
        sets.intern(&[]);
        sets
    }
}

impl LabelSets {
    /// Returns the number of a combination, adding it if it is new.
    pub fn intern(&mut self, labels: &[Label]) -> u32 {
        let next = self.sets.len() as u32;
        let sets = &self.sets;
        let found = self
            .index
            .find_or_note(labels, next, |row| &*sets[row as usize] == labels);
        found.unwrap_or_else(|| {
            self.sets.push(labels.into());
            next
        })
    }

    /// The labels of a combination; empty for an unknown one.
    #[must_use]
    pub fn get(&self, set: u32) -> &[Label] {
        self.sets.get(set as usize).map_or(&[], |labels| labels)
    }
}
