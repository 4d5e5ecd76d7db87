//! Sorts, so that equal words stand beside each other.

pub(crate) fn distinct(mut words: Vec<&str>) -> Vec<&str> {
    words.sort_unstable();
    words.dedup();
    words
}
