//! Looks at every word of every document.

/// The documents as they are.
pub(crate) struct Index {
    documents: Vec<Vec<u32>>,
}

impl Index {
    pub(crate) fn new(documents: Vec<Vec<u32>>) -> Self {
        Self { documents }
    }

    /// Returns the documents that hold any of the terms, each with how many of them.
    pub(crate) fn matches(&self, terms: &[u32]) -> Vec<(u32, u32)> {
        let mut found = Vec::new();
        for (number, document) in (0..).zip(&self.documents) {
            let matches = count_matches(document, terms);
            if matches > 0 {
                found.push((number, matches));
            }
        }
        found
    }
}

/// The planted cause.
#[inline(never)]
fn count_matches(document: &[u32], terms: &[u32]) -> u32 {
    let mut matches = 0;
    for &term in terms {
        if holds(document, term) {
            matches += 1;
        }
    }
    matches
}

#[inline]
fn holds(document: &[u32], term: u32) -> bool {
    for &word in document {
        if word == term {
            return true;
        }
    }
    false
}
