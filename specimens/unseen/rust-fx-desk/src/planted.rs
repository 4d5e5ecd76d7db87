//! Bringing the book up to date.

use dashmap::DashMap;

use crate::book::Rate;
use crate::feed::Feed;

/// Replace each rate by what the feed has for it.
pub(crate) fn pass(rates: &DashMap<String, Rate>, feed: &Feed) {
    for mut entry in rates.iter_mut() {
        let fresh = feed.poll(entry.key());
        *entry.value_mut() = fresh;
    }
}
