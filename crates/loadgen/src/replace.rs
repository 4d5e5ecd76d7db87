//! Regular expressions on answers, in time linear in the answer: whatever the pattern and whatever the server sent.

use regex::bytes::{NoExpand, Regex, RegexBuilder};
use thiserror::Error;

/// Of a compiled pattern, in bytes.
const LARGEST_PATTERN: usize = 1024 * 1024;
/// Of a result; what would be longer is cut.
const MOST_BYTES: usize = 1024 * 1024;

/// A pattern that is none.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[error("{0}")]
pub struct PatternError(String);

/// Patterns with what stands in their places.
#[derive(Clone, Debug, Default)]
pub struct Replacements(Vec<(Regex, Vec<u8>)>);

impl Replacements {
    /// Compiles patterns; the texts in their places are taken as they are.
    ///
    /// # Errors
    /// When a pattern is malformed or too large; the last line says why.
    pub fn new(pairs: &[(String, String)]) -> Result<Self, PatternError> {
        let compiled = pairs.iter().map(|(pattern, text)| {
            let built = RegexBuilder::new(pattern)
                .size_limit(LARGEST_PATTERN)
                .dfa_size_limit(LARGEST_PATTERN)
                .build();
            match built {
                Ok(regex) => Ok((regex, text.as_bytes().to_vec())),
                Err(error) => {
                    let said = error.to_string();
                    let why = said.lines().next_back().unwrap_or_default();
                    Err(PatternError(why.trim_start_matches("error: ").to_owned()))
                }
            }
        });
        compiled.collect::<Result<_, _>>().map(Self)
    }

    /// Replaces all that the patterns match, one pattern after the other.
    pub fn apply(&self, bytes: &[u8]) -> Vec<u8> {
        let mut text = bytes[..bytes.len().min(MOST_BYTES)].to_vec();
        for (regex, instead) in &self.0 {
            let most = MOST_BYTES / (instead.len() + 1) + 1;
            text = regex.replacen(&text, most, NoExpand(instead)).into_owned();
            text.truncate(MOST_BYTES);
        }
        text
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use proptest::prelude::*;

    fn replaced(pattern: &str, text: &str, bytes: &[u8]) -> Vec<u8> {
        let pairs = [(pattern.to_owned(), text.to_owned())];
        Replacements::new(&pairs).unwrap().apply(bytes)
    }

    #[test]
    fn all_matches_are_replaced_by_the_text_as_it_is() {
        assert_eq!(replaced(r"\d+", "$0", b"a 12 b 345\xff"), b"a $0 b $0\xff");
        assert_eq!(
            replaced(r"(?i)DATE: .*", "", b"date: today\nrest"),
            b"\nrest"
        );
    }

    #[test]
    fn what_would_take_others_forever_takes_no_time() {
        let bytes = vec![b'a'; 64 * 1024];
        assert_eq!(replaced("(a+)+b", "", &bytes), bytes);
    }

    #[test]
    fn results_are_bounded() {
        let long = "x".repeat(1000);
        assert!(replaced("", &long, &vec![b'a'; 64 * 1024]).len() <= MOST_BYTES);
    }

    #[test]
    fn impossible_patterns_say_why() {
        for (pattern, why) in [
            ("(", "unclosed group"),
            ("a{1000}{1000}{1000}", "size"),
            (r"(?=a)", "look-around"),
        ] {
            let pairs = [(pattern.to_owned(), String::new())];
            let error = Replacements::new(&pairs).unwrap_err().to_string();
            assert!(error.contains(why), "{error}");
        }
    }

    proptest! {
        #[test]
        fn any_pattern_on_any_bytes_never_panic(pattern in ".{0,20}", text in ".{0,5}", bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            if let Ok(found) = Replacements::new(&[(pattern, text)]) {
                prop_assert!(found.apply(&bytes).len() <= MOST_BYTES);
            }
        }
    }
}
