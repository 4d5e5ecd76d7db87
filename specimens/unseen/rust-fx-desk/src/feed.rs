//! Where rates come from: a simulated terminal that answers for one symbol at a time.

use std::thread;
use std::time::Duration;

use crate::book::Rate;

/// Of the terminal, for one symbol.
const ROUND_TRIP: Duration = Duration::from_micros(400);

pub(crate) struct Feed;

impl Feed {
    /// The rate at the end of the day before, which is on file.
    pub(crate) fn closing(&self, symbol: &str) -> Rate {
        // FNV-1a: markets are closed, so a rate is a matter of its symbol alone.
        let hash = symbol
            .bytes()
            .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3));
        Rate { middle: 50_000 + hash % 5_000_000, spread: 10 + (hash >> 40) % 400 }
    }

    /// Ask the terminal for the rate as it is now.
    pub(crate) fn poll(&self, symbol: &str) -> Rate {
        thread::sleep(ROUND_TRIP);
        self.closing(symbol)
    }
}
