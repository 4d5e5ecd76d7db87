//! Bringing the book up to date.

use dashmap::DashMap;

use crate::book::Rate;
use crate::feed::Feed;

/// Replace each rate by what the feed has for it.
pub(crate) fn pass(rates: &DashMap<String, Rate>, feed: &Feed) {
    // Symbols first: nothing of the map is held while the feed is asked.
    let symbols: Vec<String> = rates.iter().map(|entry| entry.key().clone()).collect();
    for symbol in symbols {
        let fresh = feed.poll(&symbol);
        rates.insert(symbol, fresh);
    }
}
