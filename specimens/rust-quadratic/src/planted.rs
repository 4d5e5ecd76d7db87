//! Looks through a list for each word.

/// The planted cause.
#[inline(never)]
pub(crate) fn distinct(words: Vec<&str>) -> Vec<&str> {
    let mut seen = Vec::new();
    for word in words {
        if !seen.contains(&word) {
            seen.push(word);
        }
    }
    seen
}
