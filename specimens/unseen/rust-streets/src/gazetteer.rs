//! The streets of a country.

use serde::Serialize;

use crate::spelling::{self, Word};

const NAMES: &str = include_str!("../data/streets.txt");
/// Edits that are forgiven.
const FORGIVEN: usize = 2;
const COMPLETIONS: usize = 8;
const NEIGHBOURS: usize = 12;

#[derive(Serialize)]
pub(crate) struct Street {
    name: &'static str,
    /// In ten-thousandths of a degree.
    latitude: i64,
    longitude: i64,
}

#[derive(Serialize)]
pub(crate) struct Found {
    exact: bool,
    edits: usize,
    streets: Vec<Street>,
}

pub(crate) struct Gazetteer {
    /// In the order of their names.
    words: Vec<Word>,
}

impl Gazetteer {
    pub(crate) fn load() -> Self {
        let mut words: Vec<Word> = NAMES.lines().map(Word::new).collect();
        words.sort_unstable_by_key(|word| word.text);
        Self { words }
    }

    fn street(&self, place: usize) -> Street {
        let name = self.words[place].text;
        let spot = name.bytes().fold(5_381_i64, |spot, byte| spot.wrapping_mul(33) ^ i64::from(byte)) & 0xff_ffff;
        Street { name, latitude: 473_000 + spot % 70_000, longitude: 60_000 + spot / 7 % 90_000 }
    }

    /// The street of this name, or those that may be meant.
    pub(crate) fn find(&self, name: &str) -> Found {
        match self.words.binary_search_by(|word| word.text.cmp(name)) {
            Ok(place) => Found { exact: true, edits: 0, streets: vec![self.street(place)] },
            Err(_) => self.meant(name),
        }
    }

    /// All streets with the fewest edits.
    fn meant(&self, name: &str) -> Found {
        let mut edits = FORGIVEN;
        let mut places = Vec::new();
        let mut rows = spelling::Rows::default();
        for (place, word) in self.words.iter().enumerate() {
            let Some(distance) = spelling::within(FORGIVEN, name, word, &mut rows) else { continue };
            if distance < edits {
                edits = distance;
                places.clear();
            }
            if distance == edits {
                places.push(place);
            }
        }
        Found { exact: false, edits, streets: places.into_iter().map(|place| self.street(place)).collect() }
    }

    /// The first streets that begin like this.
    pub(crate) fn complete(&self, start: &str) -> Vec<Street> {
        let from = self.words.partition_point(|word| word.text < start);
        let matching = self.words[from..].iter().take(COMPLETIONS).take_while(|word| word.text.starts_with(start));
        (from..from + matching.count()).map(|place| self.street(place)).collect()
    }

    /// Streets close to where one of this name would be on the page.
    pub(crate) fn nearby(&self, name: &str) -> Vec<Street> {
        let middle = self.words.partition_point(|word| word.text < name);
        let from = middle.saturating_sub(NEIGHBOURS / 2);
        (from..self.words.len().min(from + NEIGHBOURS)).map(|place| self.street(place)).collect()
    }
}
