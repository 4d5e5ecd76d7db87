//! Where ships went, as their transponders had it.

/// The way of a ship over a chart, from its northern edge to the southern one.
pub(crate) struct Track {
    start: u32,
    drift: u32,
    bend: u32,
}

impl Track {
    /// The ways of all ships on a day.
    pub(crate) fn of(water: u32, day: u32, ships: u32) -> impl Iterator<Item = Self> {
        (0..ships).map(move |ship| {
            let mut mixed = (u64::from(water) << 40 | u64::from(day) << 8 | u64::from(ship)) + 0x9e37_79b9;
            let mut draw = || {
                mixed = mixed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                (mixed >> 33) as u32
            };
            // The first is much the same for all.
            draw();
            Self { start: draw(), drift: draw(), bend: draw() }
        })
    }

    /// The column in which the ship is, for each row of a chart.
    pub(crate) fn columns(&self, side: usize) -> impl Iterator<Item = usize> {
        let across = side as f64;
        let mut east = f64::from(self.start % 10_000) / 10_000.0 * across;
        let mut drift = f64::from(self.drift % 2_000) / 2_000.0 - 0.5;
        let bend = (f64::from(self.bend % 1_000) / 1_000.0 - 0.5) / across;
        (0..side).map(move |_| {
            let column = east as usize;
            east += drift;
            drift += bend;
            // Ships that leave the chart on one side are replaced by others that come in.
            if east < 0.0 {
                east += across;
            } else if east >= across {
                east -= across;
            }
            column
        })
    }
}
