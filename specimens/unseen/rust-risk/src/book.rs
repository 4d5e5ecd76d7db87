//! Contracts, books of them, and what they lose when the market moves.

/// Into how many parts a book is split: as many as there are counterparties.
pub(crate) const SHARDS: u32 = 96;

/// Courses of the market that are tried for each part.
const PATHS: u32 = 2_400;

/// Days of each course.
const DAYS: u32 = 20;

/// An option to buy, by the day on which it is valued.
pub(crate) struct Contract {
    strike: f64,
    spot: f64,
    volatility: f64,
}

impl Contract {
    pub(crate) fn of(instrument: u64) -> Self {
        let mut draws = Draws(instrument);
        Self {
            strike: 80.0 + 40.0 * draws.next(),
            spot: 80.0 + 40.0 * draws.next(),
            volatility: 0.1 + 0.3 * draws.next(),
        }
    }

    /// What it is worth on a day of the year, by a tree of as many steps as weeks are left.
    pub(crate) fn cents_on(&self, day: u64) -> i64 {
        let steps = ((365 - day.min(364)) / 7 + 2) as usize;
        let up = (self.volatility / (steps as f64).sqrt()).exp();
        let likely = (1.0 - 1.0 / up) / (up - 1.0 / up);
        let mut worth: Vec<f64> = (0..=steps)
            .map(|ups| (self.spot * up.powi(2 * ups as i32 - steps as i32) - self.strike).max(0.0))
            .collect();
        for left in (0..steps).rev() {
            for node in 0..=left {
                worth[node] = likely * worth[node + 1] + (1.0 - likely) * worth[node];
            }
        }
        (worth[0] * 100.0).round() as i64
    }
}

/// What a desk may lose, by kind of risk, in cents.
pub(crate) fn limits(desk: u64) -> impl Iterator<Item = (&'static str, u64)> {
    let mut draws = Draws(desk ^ 0x11417);
    ["delta", "gamma", "vega", "theta", "rho", "credit"].into_iter().map(move |name| {
        let whole = (draws.next() * 900.0) as u64 + 100;
        (name, whole * 100_000)
    })
}

/// What one part of a book loses at worst in one of twenty courses, in cents.
pub(crate) fn loss(book: u64, shard: u32, shock: u64) -> i64 {
    let mut draws = Draws(book << 20 | u64::from(shard) << 8 | shock);
    let daily = 0.01 + 0.0005 * shock as f64;
    let mut losses: Vec<i64> = (0..PATHS)
        .map(|_| {
            let mut level = 1.0_f64;
            for _ in 0..DAYS {
                level *= (daily * (draws.next() + draws.next() - 1.0)).exp();
            }
            ((1.0 - level) * 1e7).round() as i64
        })
        .collect();
    losses.sort_unstable();
    losses[losses.len() * 19 / 20]
}

/// Numbers in [0, 1) that look as if drawn, the same ones from each start.
struct Draws(u64);

impl Draws {
    fn next(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let value = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let value = (value ^ (value >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((value ^ (value >> 31)) >> 11) as f64 / (1_u64 << 53) as f64
    }
}
