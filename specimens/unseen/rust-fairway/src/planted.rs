//! Charts on which the ways of ships are marked.

/// A square of cells, each of which knows the last ship that came through.
pub(crate) struct Chart {
    cells: Vec<u8>,
    side: usize,
}

impl Chart {
    pub(crate) fn blank(side: usize) -> Self {
        Self { cells: vec![0; side * side], side }
    }

    /// Marks a cell for a ship; ships count from 1. Returns the ship that was there before.
    pub(crate) fn mark(&mut self, row: usize, column: usize, ship: u8) -> Option<u8> {
        let cell = self.cells.get_mut(row * self.side + column)?;
        let before = std::mem::replace(cell, ship);
        (before != 0).then_some(before)
    }
}
