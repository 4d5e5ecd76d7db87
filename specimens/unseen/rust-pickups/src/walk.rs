//! Short walks by all shelves that a picker has to see.

use serde::Serialize;

use crate::stock::Shelf;

#[derive(Default, Serialize)]
pub(crate) struct Walk {
    door: u32,
    metres: u32,
    stops: Vec<Shelf>,
}

/// A place on the floor, in metres.
type Spot = (u32, u32);

/// Where the doors are that a walk may begin and end at.
const DOORS: [Spot; 4] = [(0, 0), (120, 0), (0, 60), (120, 60)];

/// The shortest of the walks from each door by all shelves and back.
pub(crate) fn shortest(shelves: &[Shelf]) -> Walk {
    let walks = (0..).zip(DOORS).map(|(number, door)| {
        let stops = around(door, shelves.to_vec());
        Walk { door: number, metres: length(door, &stops), stops }
    });
    walks.min_by_key(|walk| walk.metres).unwrap_or_default()
}

/// Always on to the nearest, and then with crossings taken out.
fn around(door: Spot, mut shelves: Vec<Shelf>) -> Vec<Shelf> {
    let mut at = door;
    for next in 0..shelves.len() {
        let nearest = (next..shelves.len()).min_by_key(|other| metres(at, position(&shelves[*other])));
        shelves.swap(next, nearest.unwrap_or(next));
        at = position(&shelves[next]);
    }
    while improve(door, &mut shelves) {}
    shelves
}

/// Turns a part of the walk around if that makes it shorter.
fn improve(door: Spot, shelves: &mut [Shelf]) -> bool {
    let count = shelves.len();
    let place = |shelves: &[Shelf], nth: usize| shelves.get(nth).map_or(door, position);
    for from in 0..count {
        let before = if from == 0 { door } else { place(shelves, from - 1) };
        for to in from + 1..count {
            let (first, last, after) = (place(shelves, from), place(shelves, to), place(shelves, to + 1));
            if metres(before, last) + metres(first, after) < metres(before, first) + metres(last, after) {
                shelves[from..=to].reverse();
                return true;
            }
        }
    }
    false
}

fn length(door: Spot, shelves: &[Shelf]) -> u32 {
    let stops = shelves.iter().map(position).chain([door]);
    stops.fold((0, door), |(sum, at), stop| (sum + metres(at, stop), stop)).0
}

fn position(shelf: &Shelf) -> Spot {
    (shelf.aisle * 3, shelf.bay)
}

fn metres(one: Spot, other: Spot) -> u32 {
    one.0.abs_diff(other.0) + one.1.abs_diff(other.1)
}
