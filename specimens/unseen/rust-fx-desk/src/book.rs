//! The rates that the desk trades at.

use dashmap::DashMap;
use serde::Serialize;

use crate::feed::Feed;
use crate::refresh;

/// More than there are processors, so that clients seldom meet.
const SHARDS: usize = 16;
const SYMBOLS: &str = include_str!("../data/symbols.txt");
/// Rates are in millionths of the desk's own currency.
const UNIT: u64 = 1_000_000;

/// What the desk pays and takes for one unit.
#[derive(Clone, Copy)]
pub(crate) struct Rate {
    pub(crate) middle: u64,
    pub(crate) spread: u64,
}

impl Rate {
    fn bid(self) -> u64 {
        self.middle - self.spread / 2
    }

    fn ask(self) -> u64 {
        self.middle + self.spread / 2
    }
}

#[derive(Serialize)]
pub(crate) struct Quote {
    symbol: String,
    bid: u64,
    ask: u64,
}

#[derive(Serialize)]
pub(crate) struct Conversion {
    from: String,
    to: String,
    amount: u64,
    receives: u64,
    rate: u64,
}

#[derive(Serialize)]
pub(crate) struct Basket {
    worth: u64,
    unknown: usize,
    parts: Vec<Quote>,
}

pub(crate) struct Book {
    rates: DashMap<String, Rate>,
}

impl Book {
    /// Open with the last rates of the day before.
    pub(crate) fn open(feed: &Feed) -> Self {
        let rates = DashMap::with_shard_amount(SHARDS);
        for symbol in SYMBOLS.lines() {
            rates.insert(symbol.to_owned(), feed.closing(symbol));
        }
        Self { rates }
    }

    pub(crate) fn refresh(&self, feed: &Feed) {
        refresh::pass(&self.rates, feed);
    }

    fn rate(&self, symbol: &str) -> Option<Rate> {
        self.rates.get(symbol).map(|rate| *rate)
    }

    pub(crate) fn quote(&self, symbol: &str) -> Option<Quote> {
        let rate = self.rate(symbol)?;
        Some(Quote { symbol: symbol.to_owned(), bid: rate.bid(), ask: rate.ask() })
    }

    pub(crate) fn convert(&self, from: &str, to: &str, amount: u64) -> Option<Conversion> {
        let sold = self.rate(from)?;
        let bought = self.rate(to)?;
        let rate = sold.bid() * UNIT / bought.ask();
        Some(Conversion { from: from.to_owned(), to: to.to_owned(), amount, receives: amount * rate / UNIT, rate })
    }

    /// One unit of each symbol.
    pub(crate) fn basket<'a>(&self, symbols: impl Iterator<Item = &'a str>) -> Basket {
        let mut basket = Basket { worth: 0, unknown: 0, parts: Vec::new() };
        for symbol in symbols {
            match self.quote(symbol) {
                Some(part) => {
                    basket.worth += part.bid;
                    basket.parts.push(part);
                }
                None => basket.unknown += 1,
            }
        }
        basket
    }
}
