//! How often, and where, ships come through where another was before.

use serde::Serialize;

use crate::chart::Chart;
use crate::tracks::Track;

/// Cells on a side of a harbour's chart, and of the strait's: 5 m each.
const HARBOUR: usize = 180;
const STRAIT: usize = 6_000;

/// The strait is no harbour, and has a number of its own.
const STRAIT_NUMBER: u32 = 0;

#[derive(Serialize)]
pub(crate) struct Crossings {
    ships: u32,
    in_all: u32,
    /// The row of the chart with most of them.
    busiest: usize,
    /// The ship that crossed the ways of most others.
    boldest: u32,
}

pub(crate) fn in_harbour(harbour: u32, day: u32) -> Crossings {
    count(harbour + 1, day, 14 + (harbour + day) % 9, HARBOUR)
}

pub(crate) fn in_strait(day: u32) -> Crossings {
    count(STRAIT_NUMBER, day, 8 + day % 4, STRAIT)
}

fn count(water: u32, day: u32, ships: u32, side: usize) -> Crossings {
    let mut chart = Chart::blank(side);
    let mut rows = vec![0_u32; side];
    let (mut boldest, mut boldly) = (0, 0);
    for (ship, track) in (1..).zip(Track::of(water, day, ships)) {
        let mut crossed = 0;
        for (row, column) in track.columns(side).enumerate() {
            if chart.mark(row, column, ship as u8).is_some() {
                rows[row] += 1;
                crossed += 1;
            }
        }
        if crossed > boldly {
            (boldest, boldly) = (ship, crossed);
        }
    }
    let busiest = (0..side).rev().max_by_key(|row| rows[*row]).unwrap_or(0);
    Crossings { ships, in_all: rows.iter().sum(), busiest, boldest }
}
