//! Charts on which the ways of ships are marked.

use std::mem;
use std::sync::{Mutex, PoisonError};

/// Charts that wait for their next use, all blank.
static KEPT: Mutex<Vec<Chart>> = Mutex::new(Vec::new());

/// Charts of so many cells on a side, and larger ones, are worth keeping.
const LARGE: usize = 1_000;

/// A square of cells, each of which knows the last ship that came through.
pub(crate) struct Chart {
    cells: Vec<u8>,
    side: usize,
    marked: Vec<usize>,
}

impl Chart {
    pub(crate) fn blank(side: usize) -> Self {
        let mut kept = KEPT.lock().unwrap_or_else(PoisonError::into_inner);
        match kept.iter().position(|chart| chart.side == side) {
            Some(at) => kept.swap_remove(at),
            None => Self { cells: vec![0; side * side], side, marked: Vec::new() },
        }
    }

    /// Marks a cell for a ship; ships count from 1. Returns the ship that was there before.
    pub(crate) fn mark(&mut self, row: usize, column: usize, ship: u8) -> Option<u8> {
        let at = row * self.side + column;
        let cell = self.cells.get_mut(at)?;
        let before = mem::replace(cell, ship);
        self.marked.push(at);
        (before != 0).then_some(before)
    }
}

impl Drop for Chart {
    fn drop(&mut self) {
        if self.side < LARGE {
            return;
        }
        let mut blank =
            Self { cells: mem::take(&mut self.cells), side: self.side, marked: mem::take(&mut self.marked) };
        for at in blank.marked.drain(..) {
            blank.cells[at] = 0;
        }
        KEPT.lock().unwrap_or_else(PoisonError::into_inner).push(blank);
    }
}
