//! Texts and stacks of one generation, by the numbers that its events name them with.

use crate::events::{STACK, STRING};
use crate::names::{Frame, Names, StackId, TextId};
use crate::varint::varint;

/// Frames of a stack at most, as Go's own reader has it.
const MOST_FRAMES: u64 = 128;
/// Numbers that a frame is made of: address, function, file, line.
const FRAME_NUMBERS: u64 = 4;
/// Rows of a table by number that are worth having for each entry.
const MOST_ROWS_PER_ENTRY: usize = 4;
const NO_ENTRY: u32 = u32::MAX;

/// The tables of a generation.
#[derive(Default)]
pub(crate) struct Dictionary {
    bytes: Vec<u8>,
    texts: Table,
    stacks: Table,
    /// Numbers that stand for nothing here.
    pub(crate) missing: u64,
}

/// Entries by number.
#[derive(Default)]
struct Table {
    entries: Vec<Entry>,
    /// Row of the entry of each number; empty where numbers are too large for that.
    rows: Vec<u32>,
}

#[derive(Clone, Copy)]
struct Entry {
    number: u64,
    begin: usize,
    length: usize,
    /// What it is among the names that stay, once it was asked for.
    named: u32,
}

impl Dictionary {
    pub(crate) fn clear(&mut self) {
        self.bytes.clear();
        self.texts.clear();
        self.stacks.clear();
        self.missing = 0;
    }

    /// Bytes held.
    pub(crate) fn size(&self) -> usize {
        let entries = self.texts.entries.len() + self.stacks.entries.len();
        self.bytes.len() + entries * size_of::<Entry>()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.texts.entries.is_empty() && self.stacks.entries.is_empty()
    }

    /// Adds a batch of texts, without its first byte; false if it is damaged from some place on.
    pub(crate) fn add_texts(&mut self, batch: &[u8]) -> bool {
        let mut at = 0;
        while at < batch.len() {
            let Some((number, text)) = text_entry(batch, &mut at) else {
                return false;
            };
            self.texts.push(number, self.bytes.len(), text.len());
            self.bytes.extend_from_slice(text);
        }
        true
    }

    /// Adds a batch of stacks, without its first byte; false if it is damaged from some place on.
    pub(crate) fn add_stacks(&mut self, batch: &[u8]) -> bool {
        let mut at = 0;
        while at < batch.len() {
            let Some((number, frames)) = stack_entry(batch, &mut at) else {
                return false;
            };
            self.stacks.push(number, self.bytes.len(), frames.len());
            self.bytes.extend_from_slice(frames);
        }
        true
    }

    /// Makes entries ready to be found, once all are there.
    pub(crate) fn seal(&mut self) {
        self.texts.seal();
        self.stacks.seal();
    }

    /// The text of a number; empty for 0 and for numbers without one.
    #[inline]
    pub(crate) fn text(&mut self, number: u64, names: &mut Names) -> TextId {
        if number == 0 {
            return TextId::default();
        }
        let Some(entry) = self.texts.find(number) else {
            self.missing += 1;
            return TextId::default();
        };
        if entry.named == NO_ENTRY {
            let bytes = self.bytes.get(entry.begin..entry.begin + entry.length);
            let text = String::from_utf8_lossy(bytes.unwrap_or_default());
            entry.named = names.intern_text(&text).row();
        }
        TextId::of_row(entry.named)
    }

    /// The stack of a number; without frames for 0 and for numbers without one.
    #[inline]
    pub(crate) fn stack(&mut self, number: u64, names: &mut Names) -> StackId {
        if number == 0 {
            return StackId::default();
        }
        match self.stacks.find(number) {
            None => {
                self.missing += 1;
                StackId::default()
            }
            Some(entry) if entry.named != NO_ENTRY => StackId::of_row(entry.named),
            Some(&mut entry) => self.name_stack(entry, names),
        }
    }

    fn name_stack(&mut self, entry: Entry, names: &mut Names) -> StackId {
        let mut frames = Vec::new();
        let (mut at, end) = (entry.begin, entry.begin + entry.length);
        while at < end {
            let mut next = || varint(&self.bytes, &mut at);
            let (Some(address), Some(function), Some(file), Some(line)) =
                (next(), next(), next(), next())
            else {
                break;
            };
            frames.push(Frame {
                address,
                function: self.text(function, names),
                file: self.text(file, names),
                line: u32::try_from(line).unwrap_or(0),
            });
        }
        let stack = names.intern_stack(&frames);
        if let Some(entry) = self.stacks.find(entry.number) {
            entry.named = stack.row();
        }
        stack
    }
}

impl Table {
    fn clear(&mut self) {
        self.entries.clear();
        self.rows.clear();
    }

    fn push(&mut self, number: u64, begin: usize, length: usize) {
        self.entries.push(Entry {
            number,
            begin,
            length,
            named: NO_ENTRY,
        });
    }

    /// Numbers are mostly those from 1 on, in any order; hostile ones are looked up by halving.
    fn seal(&mut self) {
        self.entries.sort_by_key(|entry| entry.number);
        self.entries.dedup_by_key(|entry| entry.number);
        let largest = self.entries.last().map_or(0, |entry| entry.number);
        let most = self.entries.len().saturating_mul(MOST_ROWS_PER_ENTRY) as u64;
        if largest > most {
            return;
        }
        self.rows.resize(largest as usize + 1, NO_ENTRY);
        for (row, entry) in self.entries.iter().enumerate() {
            self.rows[entry.number as usize] = row as u32;
        }
    }

    #[inline]
    fn find(&mut self, number: u64) -> Option<&mut Entry> {
        let row = if self.rows.is_empty() {
            let found = self
                .entries
                .binary_search_by_key(&number, |entry| entry.number);
            found.ok()?
        } else {
            let at = usize::try_from(number).ok()?;
            *self.rows.get(at)? as usize
        };
        self.entries.get_mut(row)
    }
}

fn text_entry<'a>(batch: &'a [u8], at: &mut usize) -> Option<(u64, &'a [u8])> {
    if *batch.get(*at)? != STRING {
        return None;
    }
    *at += 1;
    let number = varint(batch, at)?;
    let length = usize::try_from(varint(batch, at)?).ok()?;
    let text = batch.get(*at..at.checked_add(length)?)?;
    *at += length;
    Some((number, text))
}

/// The number of a stack, and the bytes of its frames.
fn stack_entry<'a>(batch: &'a [u8], at: &mut usize) -> Option<(u64, &'a [u8])> {
    if *batch.get(*at)? != STACK {
        return None;
    }
    *at += 1;
    let number = varint(batch, at)?;
    let frames = varint(batch, at)?;
    if frames > MOST_FRAMES {
        return None;
    }
    let begin = *at;
    for _ in 0..frames * FRAME_NUMBERS {
        varint(batch, at)?;
    }
    Some((number, &batch[begin..*at]))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::limits::Limits;

    const TEXTS: &[u8] = &[
        5, 1, 4, b'm', b'a', b'i', b'n', 5, 2, 4, b'a', b'.', b'g', b'o',
    ];

    #[test]
    fn texts_and_stacks_are_found_by_number() {
        let mut names = Names::new(&Limits::default());
        let mut dictionary = Dictionary::default();
        assert!(dictionary.add_texts(TEXTS));
        assert!(dictionary.add_stacks(&[3, 7, 2, 0x80, 1, 1, 2, 12, 9, 1, 2, 30, 3, 1, 0]));
        dictionary.seal();
        let stack = dictionary.stack(7, &mut names);
        let lines: Vec<u32> = names.frames(stack).map(|frame| frame.line).collect();
        assert_eq!(lines, [12, 30]);
        assert_eq!(dictionary.stack(7, &mut names), stack, "remembered");
        assert!(dictionary.stack(1, &mut names).is_empty());
        assert_eq!(names.text(names.root(stack)), "main");
        assert_eq!(dictionary.missing, 0);
        assert!(dictionary.stack(3, &mut names).is_empty());
        assert!(dictionary.text(u64::MAX, &mut names).is_empty());
        assert_eq!(dictionary.missing, 2);
    }

    #[test]
    fn giant_numbers_cost_no_memory() {
        let mut names = Names::new(&Limits::default());
        let mut dictionary = Dictionary::default();
        let mut batch = vec![5];
        batch.extend([0xff; 9]);
        batch.extend([1, 1, b'x']);
        assert!(dictionary.add_texts(&batch));
        dictionary.seal();
        let text = dictionary.text(u64::MAX, &mut names);
        assert_eq!(names.text(text), "x");
        assert!(dictionary.size() < 100);
    }

    #[test]
    fn damaged_batches_keep_what_came_before() {
        let mut names = Names::new(&Limits::default());
        let mut dictionary = Dictionary::default();
        assert!(!dictionary.add_texts(&TEXTS[..TEXTS.len() - 1]));
        assert!(
            !dictionary.add_stacks(&[3, 1, 0x81, 1]),
            "more frames than a stack has"
        );
        dictionary.seal();
        let text = dictionary.text(1, &mut names);
        assert_eq!(names.text(text), "main");
    }
}
