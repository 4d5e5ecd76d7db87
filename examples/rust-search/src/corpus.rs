//! Reads documents and counts the words and phrases in them.

use std::collections::HashMap;
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
        let lowered: Vec<String> = texts.into_iter().map(str::to_ascii_lowercase).collect();
        let mut numbers = HashMap::new();
        let mut names = vec![""]; // number 0 stands for no word
        let mut counts = HashMap::<[usize; LONGEST], u64>::new();
        for text in &lowered {
            let mut recent = [0; LONGEST];
            for word in words(text) {
                recent.rotate_left(1);
                recent[LONGEST - 1] = *numbers.entry(word).or_insert_with(|| {
                    names.push(word);
                    names.len() - 1
                });
                count_phrases(recent, &mut counts);
            }
        }
        let spelled = |phrase: [usize; LONGEST]| phrase.map(|word| names[word]).join(" ").trim_start().to_owned();
        counts.retain(|phrase, count| *count >= LEAST || phrase[LONGEST - 2] == 0);
        let mut phrases: Vec<_> =
            counts.into_iter().map(|(phrase, count)| Phrase { text: spelled(phrase), count }).collect();
        phrases.sort_unstable_by(|a, b| a.text.cmp(&b.text));
        Self { phrases }
    }
}

/// Counts the phrases that end with the last of these words.
fn count_phrases(recent: [usize; LONGEST], counts: &mut HashMap<[usize; LONGEST], u64>) {
    for length in (1..=LONGEST).take_while(|length| recent[LONGEST - length] != 0) {
        let mut phrase = [0; LONGEST];
        phrase[LONGEST - length..].copy_from_slice(&recent[LONGEST - length..]);
        *counts.entry(phrase).or_default() += 1;
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
