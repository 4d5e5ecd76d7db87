//! What exists, by number and by a small number of its own.

use hashbrown::HashMap;

/// Rows that are found by a number from outside; a row that was taken out is used again.
pub(super) struct Rows<T> {
    rows: Vec<Option<T>>,
    free: Vec<u32>,
    by_number: HashMap<u64, u32>,
}

impl<T> Default for Rows<T> {
    fn default() -> Self {
        Self {
            rows: Vec::new(),
            free: Vec::new(),
            by_number: HashMap::new(),
        }
    }
}

impl<T> Rows<T> {
    /// Rows, taken or not.
    pub(super) fn len(&self) -> u32 {
        self.rows.len() as u32
    }

    /// Rows that are taken.
    pub(super) fn taken(&self) -> usize {
        self.by_number.len()
    }

    #[inline]
    pub(super) fn find(&self, number: u64) -> Option<u32> {
        self.by_number.get(&number).copied()
    }

    #[inline]
    pub(super) fn get(&self, row: u32) -> Option<&T> {
        self.rows.get(row as usize)?.as_ref()
    }

    #[inline]
    pub(super) fn get_mut(&mut self, row: u32) -> Option<&mut T> {
        self.rows.get_mut(row as usize)?.as_mut()
    }

    /// Adds what has a number that nothing else has.
    pub(super) fn insert(&mut self, number: u64, content: T) -> u32 {
        let row = self.free.pop().unwrap_or_else(|| {
            self.rows.push(None);
            self.rows.len() as u32 - 1
        });
        if let Some(place) = self.rows.get_mut(row as usize) {
            *place = Some(content);
        }
        self.by_number.insert(number, row);
        row
    }

    /// Takes a row out.
    pub(super) fn remove(&mut self, number: u64) -> Option<T> {
        let row = self.by_number.remove(&number)?;
        let content = self.rows.get_mut(row as usize)?.take();
        self.free.push(row);
        content
    }
}

#[cfg(test)]
mod tests {
    use super::Rows;

    #[test]
    fn rows_are_used_again() {
        let mut rows = Rows::default();
        let (first, second) = (rows.insert(700, 'a'), rows.insert(900, 'b'));
        assert_eq!((first, second, rows.taken()), (0, 1, 2));
        assert_eq!(rows.remove(700), Some('a'));
        assert_eq!((rows.find(700), rows.get(first)), (None, None));
        assert_eq!(rows.insert(5, 'c'), first);
        assert_eq!((rows.len(), rows.get(first)), (2, Some(&'c')));
        assert_eq!(rows.remove(1), None);
    }
}
