//! Articles, the shelves that they are on, and totes with what was ordered.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};

/// No tote holds more.
const FULL: u32 = 12;

#[derive(Clone, Copy, Serialize)]
pub(crate) struct Shelf {
    pub(crate) aisle: u32,
    pub(crate) bay: u32,
    level: u32,
}

#[derive(Deserialize)]
pub(crate) struct Order {
    article: u32,
    pieces: u32,
}

#[derive(Clone, Serialize)]
pub(crate) struct Slip {
    article: u32,
    pieces: u32,
    shelf: Shelf,
    gate: u32,
}

pub(crate) struct Tote {
    pub(crate) slip: Slip,
}

pub(crate) struct Stock {
    shelves: Vec<(Shelf, u32)>,
    /// Pieces that were picked, by article: to be ordered anew overnight.
    picked: HashMap<u32, u64>,
}

impl Stock {
    /// A warehouse of so many articles.
    pub(crate) fn of(articles: u32) -> Self {
        let place = |article: u32| {
            let mixed = article.wrapping_mul(2_654_435_761) >> 10;
            (Shelf { aisle: mixed % 40, bay: mixed / 40 % 60, level: article % 5 }, mixed % 400 + 20)
        };
        Self { shelves: (0..articles).map(place).collect(), picked: HashMap::new() }
    }

    /// The shelf of an article, and how many pieces were there in the morning.
    pub(crate) fn place(&self, article: u32) -> Option<(Shelf, u32)> {
        self.shelves.get(article as usize).copied()
    }

    pub(crate) fn pick(&mut self, order: &Order) -> Option<Tote> {
        let (shelf, _) = self.place(order.article)?;
        let pieces = order.pieces.min(FULL);
        *self.picked.entry(order.article).or_default() += u64::from(pieces);
        Some(Tote { slip: Slip { article: order.article, pieces, shelf, gate: (shelf.aisle + shelf.bay) % 8 } })
    }
}

/// The conveyor's other end: how much has left by which gate.
#[derive(Default)]
pub(crate) struct Gates {
    pieces: [u64; 8],
}

impl Gates {
    pub(crate) fn send(&mut self, tote: &Tote) {
        self.pieces[tote.slip.gate as usize % 8] += u64::from(tote.slip.pieces);
    }
}
