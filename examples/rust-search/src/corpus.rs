//! Reads documents and counts the words and phrases in them.

use std::collections::{BTreeMap, VecDeque};
use std::path::{Path, PathBuf};
use std::{fs, io};

/// Longest phrase, in words.
const LONGEST: usize = 3;
/// Phrases of several words must occur this often to be suggested.
const LEAST: u64 = 2;

/// Something to suggest.
#[derive(Debug, PartialEq, Eq)]
pub struct Phrase {
    /// One to three words, separated by single spaces.
    pub text: String,
    /// Occurrences in all documents.
    pub count: u64,
}

/// What the documents hold.
pub struct Corpus {
    /// In order of their texts, each once.
    pub phrases: Vec<Phrase>,
}

impl Corpus {
    /// Reads all *.md files of a folder.
    pub fn read(folder: &Path) -> io::Result<Self> {
        let named = |error: io::Error| io::Error::new(error.kind(), format!("{}: {error}", folder.display()));
        let mut paths = fs::read_dir(folder)
            .map_err(named)?
            .map(|entry| entry.map(|entry| entry.path()))
            .collect::<io::Result<Vec<PathBuf>>>()?;
        paths.retain(|path| path.extension().is_some_and(|extension| extension == "md"));
        if paths.is_empty() {
            return Err(named(io::Error::new(io::ErrorKind::NotFound, "no *.md files")));
        }
        paths.sort();
        let texts = paths.iter().map(fs::read_to_string).collect::<io::Result<Vec<_>>>()?;
        Ok(Self::count(texts.iter().map(String::as_str)))
    }

    /// Counts the phrases of some texts.
    pub fn count<'a>(texts: impl IntoIterator<Item = &'a str>) -> Self {
        let mut counts = BTreeMap::<String, u64>::new();
        for text in texts {
            let lower = text.to_ascii_lowercase();
            let mut recent = VecDeque::with_capacity(LONGEST);
            for word in words(&lower) {
                recent.push_front(word);
                recent.truncate(LONGEST);
                let mut phrase = String::new();
                for earlier in &recent {
                    phrase = if phrase.is_empty() { (*earlier).to_owned() } else { format!("{earlier} {phrase}") };
                    *counts.entry(phrase.clone()).or_default() += 1;
                }
            }
        }
        counts.retain(|text, count| *count >= LEAST || !text.contains(' '));
        Self { phrases: counts.into_iter().map(|(text, count)| Phrase { text, count }).collect() }
    }
}

/// The words of a text in lower case: runs of ASCII letters and digits, two or more.
pub fn words(lower: &str) -> impl Iterator<Item = &str> {
    lower.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| word.len() >= 2)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_words_and_frequent_phrases() {
        let corpus = Corpus::count(["Read the file. Read the file!", "read the FILE, read the list"]);
        let found: Vec<_> = corpus.phrases.iter().map(|phrase| (phrase.text.as_str(), phrase.count)).collect();
        let words = [("file", 3), ("list", 1), ("read", 4), ("the", 4)];
        let pairs = [("file read", 2), ("read the", 4), ("the file", 3)];
        let triples = [("file read the", 2), ("read the file", 3), ("the file read", 2)];
        let mut expected = [&words[..], &pairs, &triples].concat();
        expected.sort_unstable();
        assert_eq!(found, expected);
    }

    #[test]
    fn names_the_folder_it_cannot_read() {
        let error = Corpus::read(Path::new("/nonexistent/texts")).err().map(|error| error.to_string());
        assert!(error.is_some_and(|message| message.contains("/nonexistent/texts")));
    }
}
