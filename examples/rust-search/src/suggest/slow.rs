//! The default implementation, inefficient on purpose: maps keyed by strings with the default
//! hasher, a copy of every candidate, a sort of all of them, and one lock held throughout.

use std::collections::{HashMap, HashSet};
use std::sync::{Mutex, PoisonError};

use serde::Serialize;

use super::{CONTEXT, LEADS, rarity};
use crate::corpus::{Corpus, words};

/// A phrase and its score.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Suggestion {
    pub text: String,
    pub score: u64,
}

/// Answers what was typed with suggestions.
pub struct Suggester {
    index: Mutex<Index>,
}

struct Index {
    words: Vec<String>,
    phrases_by_word: HashMap<String, Vec<String>>,
    counts: HashMap<String, u64>,
}

impl Suggester {
    /// Builds the index.
    pub fn new(corpus: &Corpus) -> Self {
        let mut phrases_by_word = HashMap::<String, Vec<String>>::new();
        let mut counts = HashMap::new();
        for phrase in &corpus.phrases {
            counts.insert(phrase.text.clone(), phrase.count);
            for word in words(&phrase.text) {
                phrases_by_word.entry(word.to_string()).or_default().push(phrase.text.clone());
            }
        }
        let mut words: Vec<String> = phrases_by_word.keys().cloned().collect();
        words.sort();
        Self { index: Mutex::new(Index { words, phrases_by_word, counts }) }
    }

    /// Returns the `n` best suggestions.
    pub fn suggest(&self, typed: &str, n: usize) -> Vec<Suggestion> {
        let index = self.index.lock().unwrap_or_else(PoisonError::into_inner);
        let typed = typed.to_ascii_lowercase();
        let mut context: Vec<String> = words(&typed).map(String::from).collect();
        let Some(prefix) = context.pop() else {
            return Vec::new();
        };

        let mut seen = HashSet::new();
        let mut candidates = Vec::new();
        let first = index.words.partition_point(|word| *word < prefix);
        for word in index.words[first..].iter().take_while(|word| word.starts_with(&prefix)) {
            for phrase in index.phrases_by_word[word].clone() {
                if seen.insert(phrase.clone()) {
                    let score = index.score(&phrase, &prefix, &context);
                    candidates.push(Suggestion { text: phrase, score });
                }
            }
        }
        candidates.sort_by_key(|candidate| (u64::MAX - candidate.score, candidate.text.clone()));
        candidates.truncate(n);
        candidates
    }
}

impl Index {
    fn score(&self, phrase: &str, prefix: &str, context: &[String]) -> u64 {
        let parts: Vec<String> = words(phrase).map(String::from).collect();
        let mut score = self.counts[phrase] * parts.iter().map(|word| rarity(self.counts[word])).sum::<u64>();
        if phrase.starts_with(prefix) {
            score = score.saturating_mul(LEADS);
        }
        for word in context {
            if parts.contains(word) {
                score = score.saturating_mul(CONTEXT);
            }
        }
        score
    }
}
