//! When the water is high, and how high.

use serde::Serialize;

#[derive(Serialize)]
pub(crate) struct Tide {
    minute: u32,
    centimetres: i32,
}

/// High and low water of a day.
pub(crate) fn at(harbour: u32, day: u32) -> Vec<Tide> {
    let mut levels = (0..1_440).map(|minute| level(harbour, f64::from(day * 1_440 + minute)));
    let (Some(mut older), Some(mut old)) = (levels.next(), levels.next()) else { return Vec::new() };
    let mut tides = Vec::new();
    for (minute, new) in (1..).zip(levels) {
        if (old > older) != (new > old) {
            tides.push(Tide { minute, centimetres: old.round() as i32 });
        }
        (older, old) = (old, new);
    }
    tides
}

/// The level at a minute, from what moon and sun contribute.
fn level(harbour: u32, minute: f64) -> f64 {
    let phase = f64::from(harbour % 97) / 10.0;
    let wave = |minutes: f64| (minute / minutes * std::f64::consts::TAU + phase).cos();
    140.0 * wave(745.24) + 45.0 * wave(720.0) + 12.0 * wave(1_434.0)
}
