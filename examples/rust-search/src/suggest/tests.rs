use super::*;
use crate::corpus::{Corpus, words};

const TEXT: &str = "
    The reader reads a file. The reader reads a line. A writer writes a file; a writer writes a line.
    Readers share a lock, a writer holds the lock. The reader waits for the lock. The read lock is shared,
    the write lock is not. The reader reads a file. The reader reads a list. Reading a reading is reading.
";

fn texts(typed: &str, n: usize) -> Vec<String> {
    let suggester = Suggester::new(&Corpus::count([TEXT]));
    suggester.suggest(typed, n).iter().map(|suggestion| suggestion.text.to_string()).collect()
}

#[test]
fn candidates_hold_a_word_with_the_prefix() {
    let all = texts("rea", 100);
    for expected in ["read", "reader", "reader reads", "readers", "reading", "reads", "the reader", "the reader reads"]
    {
        assert!(all.iter().any(|text| text == expected), "{expected} is missing in {all:?}");
    }
    for text in &all {
        assert!(text.split(' ').any(|word| word.starts_with("rea")), "{text} does not belong to {all:?}");
    }
}

#[test]
fn phrases_that_begin_with_the_prefix_lead() {
    let found = texts("reader", 100);
    let rank = |text: &str| found.iter().position(|found| found == text).expect("it is a candidate");
    // One more word is worth more, but not as much as leading.
    assert!(rank("reader reads") < rank("the reader reads"), "{found:?}");
}

#[test]
fn context_raises_phrases_that_hold_it() {
    let without = texts("lo", 1).join("");
    let with = texts("the lo", 1).join("");
    assert!(!words(&without).any(|word| word == "the"), "{without}");
    assert!(words(&with).any(|word| word == "the"), "{with}");
}

#[test]
fn nothing_typed_and_nothing_found_give_nothing() {
    assert!(texts("", 10).is_empty());
    assert!(texts("-", 10).is_empty());
    assert!(texts("zzz", 10).is_empty());
    assert!(texts("rea", 0).is_empty());
}

#[cfg(feature = "fast")]
#[test]
fn both_implementations_agree() {
    let corpus = Corpus::count([TEXT]);
    let (slow, fast) = (slow::Suggester::new(&corpus), fast::Suggester::new(&corpus));
    for typed in
        ["re", "rea", "the rea", "READER re", "a fi", "wr", "the reader reads li", "lo", "xx", " ", &"the ".repeat(40)]
    {
        for n in [0, 1, 3, 10, 100] {
            let expected: Vec<_> = slow.suggest(typed, n).into_iter().map(|found| (found.text, found.score)).collect();
            let found: Vec<_> =
                fast.suggest(typed, n).into_iter().map(|found| (found.text.to_string(), found.score)).collect();
            assert_eq!(found, expected, "{typed:?}, {n}");
        }
    }
}
