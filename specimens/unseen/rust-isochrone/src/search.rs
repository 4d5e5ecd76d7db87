//! What travellers ask about the network.

use std::collections::VecDeque;

use crate::labels;
use crate::stops::{Stop, mix};

/// Between two neighbouring stops.
const METRES: i32 = 420;

/// As far as a search goes: a vehicle passes that many stops in an hour.
const STOPS_AN_HOUR: u64 = 78;

#[derive(Default)]
pub(crate) struct Reach {
    pub(crate) stops: u32,
    pub(crate) rim: u32,
    pub(crate) digest: u64,
}

/// The stops around one, with their distances as one walks.
pub(crate) fn around(stop: Stop, steps: i32) -> Vec<(i32, Stop)> {
    (-steps..=steps)
        .flat_map(|right| (-steps..=steps).map(move |down| (right, down)))
        .filter(|at| *at != (0, 0))
        .map(|(right, down)| ((right.abs() + down.abs()) * METRES, stop.moved(right, down)))
        .collect()
}

/// Line and minute of the next departures.
pub(crate) fn timetable(stop: Stop, minute: u64) -> impl Iterator<Item = (u64, u64)> {
    let lines = mix(stop.register_number() as u64);
    (0..10).map(move |row| {
        let line = (lines >> (row % 4 * 8)) % 97 + 1;
        (line, minute + row * 4 + line % 4)
    })
}

/// All stops that one gets to in so many minutes.
pub(crate) fn reach(from: Stop, minutes: u64) -> Reach {
    let furthest = (STOPS_AN_HOUR * minutes / 60).max(1) as u32;
    labels::with(|labels| {
        let mut reach = Reach::default();
        let mut queue = VecDeque::from([(from, 1)]);
        labels.put(from.register_number(), 1);
        while let Some((stop, label)) = queue.pop_front() {
            reach.stops += 1;
            reach.digest = mix(reach.digest ^ stop.register_number() as u64);
            if label > furthest {
                reach.rim += 1;
                continue;
            }
            for next in stop.next() {
                let number = next.register_number();
                if labels.get(number) == 0 {
                    labels.put(number, label + 1);
                    queue.push_back((next, label + 1));
                }
            }
        }
        reach
    })
}
