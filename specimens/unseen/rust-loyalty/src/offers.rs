//! Which offers a member sees on the till's slip.

use serde::Serialize;

use crate::register::{Level, Member};

/// Offers that run at the same time.
const RUNNING: u32 = 16_000;

/// How many fit on the slip.
const SHOWN: usize = 6;

#[derive(Serialize)]
pub(crate) struct Offer {
    article: u32,
    department: u16,
    percent: u32,
}

/// The offers that suit a member with such a basket best.
pub(crate) fn best(member: &Member, cents: u32) -> Vec<Offer> {
    let bonus = match member.level {
        Level::Basic => 0,
        Level::Silver => 3,
        Level::Gold => 8,
    };
    let mut scored: Vec<(u32, u32)> = (0..RUNNING).map(|offer| (score(member, cents, offer), offer)).collect();
    scored.sort_unstable_by(|one, other| other.cmp(one));
    scored.truncate(SHOWN);
    let offer = |(_, offer): (u32, u32)| Offer {
        article: 100_000 + offer,
        department: department(offer),
        percent: percent(offer) + bonus,
    };
    scored.into_iter().map(offer).collect()
}

fn department(offer: u32) -> u16 {
    (offer % 60) as u16
}

fn percent(offer: u32) -> u32 {
    5 + offer * 7 % 21
}

/// Favourite departments and prices like the basket's count most.
fn score(member: &Member, cents: u32, offer: u32) -> u32 {
    let liked = member.favourites.iter().position(|favourite| *favourite == department(offer));
    let liked = liked.map_or(0, |place| 400 - 60 * place as u32);
    let price = 99 + offer.wrapping_mul(40_503) % 8_000;
    let affordable = 300_u32.saturating_sub(price.abs_diff(cents / 4) / 10);
    liked + affordable + percent(offer) * 4
}
