//! Roofs, and what panels on them yield.

use rayon::prelude::*;
use serde::Serialize;

use crate::http::Query;
use crate::sun::Surface;

/// What panels make of the light, with all losses.
const EFFICIENCY: f64 = 0.17;

const ROOFS_PER_DISTRICT: u32 = 60;

#[derive(Clone, Copy)]
pub(crate) struct Roof {
    surface: Surface,
    square_metres: f64,
}

/// In kilowatt-hours.
#[derive(Serialize)]
pub(crate) struct Yields {
    pub(crate) year: u32,
    months: Vec<u32>,
}

impl Roof {
    /// The roof that a request describes, if it does.
    pub(crate) fn asked(query: &Query) -> Option<Self> {
        let number = |name| query.get(name)?.parse::<u32>().ok();
        Some(Self::new(number("latitude")?, number("tilt")?, number("azimuth")?, number("area")?))
    }

    /// Takes degrees and square metres; the azimuth is counted from north, as people do.
    fn new(latitude: u32, tilt: u32, azimuth: u32, area: u32) -> Self {
        let radians = |degrees: u32| f64::from(degrees).to_radians();
        let surface = Surface {
            latitude: radians(latitude.min(89)),
            tilt: radians(tilt.min(90)),
            azimuth: radians(azimuth % 360) - std::f64::consts::PI,
        };
        Self { surface, square_metres: f64::from(area) }
    }

    pub(crate) fn yields(&self) -> Yields {
        let months: Vec<u32> = (0..12)
            .into_par_iter()
            .map(|month| (self.surface.monthly(month) * self.square_metres * EFFICIENCY).round() as u32)
            .collect();
        Yields { year: months.iter().sum(), months }
    }
}

/// The roofs of a district, as the land register has them.
pub(crate) fn of(district: u32) -> Vec<Roof> {
    let latitude = 47 + district % 8;
    (0..ROOFS_PER_DISTRICT + district % 16)
        .map(|number| {
            let mixed = (district.wrapping_mul(8_191) ^ number).wrapping_mul(2_654_435_761) >> 8;
            Roof::new(latitude, mixed % 46, mixed / 46 % 360, 30 + mixed / 16_560 % 90)
        })
        .collect()
}
