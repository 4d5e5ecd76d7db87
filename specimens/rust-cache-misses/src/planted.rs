//! Readings anywhere, each with a link to the next.

use http_server::draw;

/// As large as a line of a cache: a reading has other fields, which a sum does not ask for.
#[repr(align(64))]
#[derive(Clone, Default)]
struct Reading {
    value: u64,
    next: usize,
}

/// All readings, in the order of their places in memory.
pub(crate) struct Readings {
    readings: Vec<Reading>,
    /// Number of a reading in time → its place.
    places: Vec<usize>,
}

impl Readings {
    pub(crate) fn new(values: Vec<u64>) -> Self {
        let places = shuffled(values.len());
        let mut readings = vec![Reading::default(); values.len()];
        for ((value, &place), &next) in values.into_iter().zip(&places).zip(places.iter().cycle().skip(1)) {
            if let Some(reading) = readings.get_mut(place) {
                *reading = Reading { value, next };
            }
        }
        Self { readings, places }
    }

    /// Sums the values of a window that begins at `from`; behind the last one comes the first.
    pub(crate) fn sum(&self, from: usize, window: usize) -> u64 {
        self.places.get(from).map_or(0, |&place| sum(&self.readings, place, window))
    }
}

/// The planted cause.
#[inline(never)]
fn sum(readings: &[Reading], from: usize, window: usize) -> u64 {
    let mut place = from;
    let mut total = 0;
    for _ in 0..window {
        let Some(reading) = readings.get(place) else { break };
        total += reading.value;
        place = reading.next;
    }
    total
}

/// Returns the numbers below `count` in an order that looks random (Fisher and Yates).
fn shuffled(count: usize) -> Vec<usize> {
    let mut places: Vec<usize> = (0..count).collect();
    for last in (1..count).rev() {
        places.swap(last, draw::mix(last as u64) as usize % (last + 1));
    }
    places
}
