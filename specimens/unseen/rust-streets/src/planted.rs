//! How far a name is from another.

use std::mem;

/// A name of the gazetteer.
pub(crate) struct Word {
    pub(crate) text: &'static str,
}

impl Word {
    pub(crate) fn new(text: &'static str) -> Self {
        Self { text }
    }
}

/// Three rows of the matrix, kept from one comparison to the next.
#[derive(Default)]
pub(crate) struct Rows {
    before: Vec<usize>,
    last: Vec<usize>,
    this: Vec<usize>,
}

/// How many letters have to be put in, left out, replaced, or swapped with their neighbour to come from `name` to
/// `word`, if that is no more than `limit`.
pub(crate) fn within(limit: usize, name: &str, word: &Word, rows: &mut Rows) -> Option<usize> {
    let (name, word) = (name.as_bytes(), word.text.as_bytes());
    rows.before.clear();
    rows.before.resize(word.len() + 1, 0);
    rows.last.clear();
    rows.last.extend(0..=word.len());
    rows.this.clear();
    rows.this.resize(word.len() + 1, 0);
    for i in 1..=name.len() {
        rows.this[0] = i;
        for j in 1..=word.len() {
            let replaced = rows.last[j - 1] + usize::from(name[i - 1] != word[j - 1]);
            let mut best = replaced.min(rows.last[j] + 1).min(rows.this[j - 1] + 1);
            if i > 1 && j > 1 && name[i - 1] == word[j - 2] && name[i - 2] == word[j - 1] {
                best = best.min(rows.before[j - 2] + 1);
            }
            rows.this[j] = best;
        }
        mem::swap(&mut rows.before, &mut rows.last);
        mem::swap(&mut rows.last, &mut rows.this);
    }
    Some(rows.last[word.len()]).filter(|&distance| distance <= limit)
}
