//! What vouchers and points take off a basket.

use serde::Serialize;

/// Vouchers are in steps of so many cents.
const STEP: u32 = 5;

/// At most this share of a basket can be paid with vouchers, in percent.
const SHARE: u32 = 60;

const DEAREST: u32 = 20_000;

#[derive(Serialize)]
pub(crate) struct Voucher {
    worth: u32,
    /// Points that it costs to use it.
    price: u32,
}

#[derive(Serialize)]
pub(crate) struct Savings {
    member: u32,
    points: u32,
    known: bool,
    saved: u32,
    left: u32,
}

/// The vouchers that a member holds.
pub(crate) fn vouchers(member: u32) -> Vec<Voucher> {
    (0..40 + member % 24)
        .map(|number| {
            let mixed = (member ^ number << 20).wrapping_mul(2_246_822_519) >> 10;
            Voucher { worth: STEP * (4 + mixed % 60), price: 1 + mixed / 60 % 90 }
        })
        .collect()
}

/// What members of such a number have, more or less.
pub(crate) fn usual_points(member: u32) -> u32 {
    400 + (999_999 - member.min(999_999)) / 1_000
}

impl Savings {
    /// Finds the vouchers that save most for the points.
    pub(crate) fn new(member: u32, cents: u32, points: u32, known: bool) -> Self {
        let most = (cents.min(DEAREST) * SHARE / 100 / STEP) as usize;
        // By steps saved: the fewest points that it takes.
        let mut cheapest: Vec<u32> = vec![u32::MAX; most + 1];
        cheapest[0] = 0;
        for voucher in vouchers(member) {
            let worth = (voucher.worth / STEP) as usize;
            for saved in (worth..=most).rev() {
                let price = cheapest[saved - worth].saturating_add(voucher.price);
                if price < cheapest[saved] {
                    cheapest[saved] = price;
                }
            }
        }
        let saved = cheapest.iter().rposition(|price| *price <= points).unwrap_or(0) as u32 * STEP;
        Self { member, points, known, saved, left: cents - saved }
    }
}
