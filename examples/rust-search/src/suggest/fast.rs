//! The implementation with feature `fast`: an immutable index of numbers, borrowed texts, and a
//! heap of the best.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use rustc_hash::{FxHashMap, FxHashSet};
use serde::Serialize;

use super::{CONTEXT, LEADS, rarity};
use crate::corpus::{Corpus, words};

/// A phrase and its score.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Suggestion<'a> {
    pub text: &'a str,
    pub score: u64,
}

/// Answers what was typed with suggestions.
pub struct Suggester {
    phrases: Vec<Phrase>,
    /// In order.
    words: Vec<Word>,
}

struct Phrase {
    text: Box<str>,
    /// Count times the rarity of the words.
    worth: u64,
}

struct Word {
    text: Box<str>,
    /// The phrases that hold it, as indices.
    phrases: Vec<u32>,
}

/// Higher score first; phrases are numbered in order of their texts.
type Rank = (u64, Reverse<u32>);

impl Suggester {
    /// Builds the index.
    pub fn new(corpus: &Corpus) -> Self {
        let counts: FxHashMap<&str, u64> =
            corpus.phrases.iter().map(|phrase| (phrase.text.as_str(), phrase.count)).collect();
        let mut holders = FxHashMap::<&str, Vec<u32>>::default();
        let mut phrases = Vec::with_capacity(corpus.phrases.len());
        for (number, phrase) in (0..).zip(&corpus.phrases) {
            let mut worth = 0;
            for word in words(&phrase.text) {
                worth += rarity(counts[word]);
                let list = holders.entry(word).or_default();
                if list.last() != Some(&number) {
                    list.push(number);
                }
            }
            phrases.push(Phrase { text: phrase.text.as_str().into(), worth: phrase.count * worth });
        }
        let mut words: Vec<Word> =
            holders.into_iter().map(|(text, phrases)| Word { text: text.into(), phrases }).collect();
        words.sort_unstable_by(|a, b| a.text.cmp(&b.text));
        Self { phrases, words }
    }

    /// Returns the `n` best suggestions.
    pub fn suggest(&self, typed: &str, n: usize) -> Vec<Suggestion<'_>> {
        let typed = typed.to_ascii_lowercase();
        let mut context: Vec<&str> = words(&typed).collect();
        let Some(prefix) = context.pop() else {
            return Vec::new();
        };

        let first = self.words.partition_point(|word| *word.text < *prefix);
        let matching = self.words[first..].iter().take_while(|word| word.text.starts_with(prefix));
        let mut seen = FxHashSet::default();
        let mut best = BinaryHeap::<Reverse<Rank>>::with_capacity(n + 1);
        for &number in matching.flat_map(|word| &word.phrases) {
            let rank = (self.score(number, prefix, &context), Reverse(number));
            if best.len() == n && best.peek().is_none_or(|worst| rank <= worst.0) {
                continue;
            }
            if seen.insert(number) {
                best.push(Reverse(rank));
            }
            if best.len() > n {
                best.pop();
            }
        }
        let ranked = best.into_sorted_vec().into_iter();
        ranked.map(|Reverse((score, Reverse(number)))| Suggestion { text: self.text(number), score }).collect()
    }

    fn score(&self, number: u32, prefix: &str, context: &[&str]) -> u64 {
        let phrase = &self.phrases[number as usize];
        let leads = if phrase.text.starts_with(prefix) { LEADS } else { 1 };
        let held = context.iter().filter(|word| phrase.text.split(' ').any(|part| part == **word));
        held.fold(phrase.worth * leads, |score, _| score.saturating_mul(CONTEXT))
    }

    fn text(&self, number: u32) -> &str {
        &self.phrases[number as usize].text
    }
}
