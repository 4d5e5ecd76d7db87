//! Members, and what they bought of late.

use std::collections::{HashMap, VecDeque};

use serde::{Deserialize, Serialize};

/// How many bookings are kept for the auditors.
const KEPT: usize = 10_000;

#[derive(Clone, Copy, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Level {
    Basic,
    Silver,
    Gold,
}

#[derive(Clone, Serialize)]
pub(crate) struct Member {
    number: u32,
    name: String,
    pub(crate) level: Level,
    /// As of the last statement.
    points: u32,
    /// The departments that the member buys most in.
    pub(crate) favourites: [u16; 4],
}

#[derive(Deserialize)]
pub(crate) struct Purchase {
    pub(crate) member: u32,
    pub(crate) cents: u32,
}

impl Purchase {
    /// One for each euro.
    pub(crate) fn points(&self) -> u32 {
        self.cents / 100
    }
}

struct Booking {
    purchase: Purchase,
    receipt: String,
}

pub(crate) struct Register {
    members: HashMap<u32, Member>,
    bookings: VecDeque<Booking>,
    unpaid: u64,
}

impl Register {
    /// A register of so many members.
    pub(crate) fn with(members: u32) -> Self {
        let member = |number: u32| {
            let mixed = number.wrapping_mul(2_654_435_761) >> 8;
            let level = match mixed % 20 {
                0 => Level::Gold,
                1..=4 => Level::Silver,
                _ => Level::Basic,
            };
            let favourites = [3, 5, 7, 11].map(|step| (mixed / step % 60) as u16);
            (number, Member { number, name: format!("member {mixed:06x}"), level, points: mixed % 9_000, favourites })
        };
        Self { members: (1..=members).map(member).collect(), bookings: VecDeque::with_capacity(KEPT), unpaid: 0 }
    }

    pub(crate) fn member(&self, number: u32) -> Option<&Member> {
        self.members.get(&number)
    }

    /// Notes a purchase for the next statement.
    pub(crate) fn book(&mut self, purchase: Purchase, receipt: String) {
        if self.bookings.len() == KEPT
            && let Some(oldest) = self.bookings.pop_front()
            && oldest.receipt.starts_with('C')
        {
            self.unpaid -= u64::from(oldest.purchase.points());
        }
        if receipt.starts_with('C') {
            self.unpaid += u64::from(purchase.points());
        }
        self.bookings.push_back(Booking { purchase, receipt });
    }
}
