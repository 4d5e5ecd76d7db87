//! Interned text.

use crate::index::Index;

/// Row of the [`StringTable`]; 0 is the empty text.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct StringId(pub(crate) u32);

impl StringId {
    /// The empty text.
    pub const EMPTY: Self = Self(0);

    /// Whether this is the empty text.
    #[must_use]
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }

    pub(crate) fn row(self) -> usize {
        self.0 as usize
    }
}

/// Each text once.
#[derive(Clone)]
pub struct StringTable {
    texts: Vec<Box<str>>,
    index: Index,
}

impl Default for StringTable {
    fn default() -> Self {
        let mut table = Self {
            texts: Vec::new(),
            index: Index::default(),
        };
        table.intern("");
        table
    }
}

impl StringTable {
    /// Returns the row of a text, adding it if it is new.
    pub fn intern(&mut self, text: &str) -> StringId {
        let next = self.texts.len() as u32;
        let texts = &self.texts;
        let found = self
            .index
            .find_or_note(text, next, |row| &*texts[row as usize] == text);
        StringId(found.unwrap_or_else(|| {
            self.texts.push(text.into());
            next
        }))
    }

    /// The text of a row of this table.
    #[must_use]
    pub fn text(&self, id: StringId) -> &str {
        self.texts.get(id.row()).map_or("", |text| text)
    }

    /// All texts in row order; the first is empty.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        self.texts.iter().map(|text| &**text)
    }

    /// Number of rows, at least 1.
    #[must_use]
    #[expect(
        clippy::len_without_is_empty,
        reason = "the empty text is always there"
    )]
    pub fn len(&self) -> usize {
        self.texts.len()
    }
}
