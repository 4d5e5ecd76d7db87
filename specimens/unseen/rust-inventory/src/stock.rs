//! Articles, and how many pieces of them there are.

use serde::Serialize;

/// More are for wholesale.
pub(crate) const MOST_PIECES: u32 = 20;

/// How many pieces the warehouse is filled up to each night.
const FILLED_TO: u32 = 500;

const KINDS: [&str; 6] = ["lamp", "chair", "kettle", "clock", "carpet", "vase"];
const COLOURS: [&str; 5] = ["red", "white", "green", "oak", "black"];

#[derive(Serialize)]
pub(crate) struct Article {
    sku: u32,
    name: String,
    cents: u32,
}

/// As of last night: what was reserved since then is sorted out at packing.
#[derive(Serialize)]
pub(crate) struct Availability {
    sku: u32,
    pieces: u32,
    shelf: u32,
}

#[derive(Serialize)]
pub(crate) struct Reservation {
    token: String,
    shelf: u32,
    pieces: u32,
}

impl Article {
    pub(crate) fn of(sku: u32) -> Self {
        let drawn = mix(u64::from(sku));
        let kind = KINDS[(drawn % KINDS.len() as u64) as usize];
        let colour = COLOURS[(drawn / 64 % COLOURS.len() as u64) as usize];
        Self { sku, name: format!("{colour} {kind}"), cents: (drawn >> 32) as u32 % 90_000 + 500 }
    }
}

/// One article's place in the warehouse.
pub(crate) struct Place {
    opening: u32,
    shelf: u32,
    reserved: u64,
}

impl Place {
    pub(crate) fn of(sku: u32) -> Self {
        let drawn = mix(u64::from(sku) ^ 0x570c4);
        Self { opening: drawn as u32 % FILLED_TO, shelf: (drawn >> 32) as u32 % 4_000, reserved: 0 }
    }

    pub(crate) fn availability(&self, sku: u32) -> Availability {
        Availability { sku, pieces: self.opening, shelf: self.shelf }
    }

    pub(crate) fn reserve(&mut self, order: u64, sku: u32, pieces: u32) -> Reservation {
        self.reserved += u64::from(pieces);
        let token = format!("{:016x}", mix(order ^ mix(u64::from(sku) << 8 | u64::from(pieces))));
        Reservation { token, shelf: self.shelf, pieces }
    }

    /// What packing has to fetch from the shelf.
    pub(crate) fn reserved(&self) -> u64 {
        self.reserved
    }
}

fn mix(value: u64) -> u64 {
    let value = (value ^ 0x9e37_79b9_7f4a_7c15).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let value = (value ^ (value >> 29)).wrapping_mul(0x94d0_49bb_1331_11eb);
    value ^ (value >> 32)
}
