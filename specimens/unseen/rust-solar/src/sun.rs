//! How much sun falls on a surface, in a year of ordinary weather.

use std::f64::consts::{PI, TAU};

const DAYS: [u32; 12] = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];

/// Which share of the light gets through the clouds, by month.
const CLEARNESS: [f64; 12] = [0.38, 0.43, 0.49, 0.55, 0.57, 0.58, 0.6, 0.6, 0.55, 0.48, 0.39, 0.35];

const STEPS_A_DAY: u32 = 24;

/// Angles are in radians; the azimuth is counted from south to west.
#[derive(Clone, Copy)]
pub(crate) struct Surface {
    pub(crate) latitude: f64,
    pub(crate) tilt: f64,
    pub(crate) azimuth: f64,
}

impl Surface {
    /// Kilowatt-hours that fall on a square metre in a month, counted from 0.
    pub(crate) fn monthly(&self, month: usize) -> f64 {
        let first: u32 = DAYS[..month].iter().sum();
        (first..first + DAYS[month]).map(|day| self.daily(day)).sum::<f64>() * CLEARNESS[month]
    }

    /// The same for a clear day of the year.
    fn daily(&self, day: u32) -> f64 {
        let declination = -0.4093 * (TAU * (f64::from(day) + 10.0) / 365.0).cos();
        let ((sin_declination, cos_declination), (sin_latitude, cos_latitude)) =
            (declination.sin_cos(), self.latitude.sin_cos());
        let ((sin_tilt, cos_tilt), (sin_azimuth, cos_azimuth)) = (self.tilt.sin_cos(), self.azimuth.sin_cos());
        let mut sum = 0.0;
        for step in 0..STEPS_A_DAY {
            let (sin_hour, cos_hour) = (TAU * (f64::from(step) + 0.5) / f64::from(STEPS_A_DAY) - PI).sin_cos();
            let height = sin_latitude * sin_declination + cos_latitude * cos_declination * cos_hour;
            if height <= 0.0 {
                continue;
            }
            let south = sin_latitude * cos_declination * cos_hour - cos_latitude * sin_declination;
            let west = cos_declination * sin_hour;
            let facing = cos_tilt * height + sin_tilt * (south * cos_azimuth + west * sin_azimuth);
            // Meinel's rule for the direct light, and a tenth of it from the sky.
            let direct = 1.353 * 0.7_f64.powf(height.recip().powf(0.678));
            sum += direct * (facing.max(0.0) + 0.1 * (1.0 + cos_tilt) / 2.0);
        }
        sum * 24.0 / f64::from(STEPS_A_DAY)
    }
}
