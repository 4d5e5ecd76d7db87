//! Texts and stacks that outlive their generation.

use std::hash::{BuildHasher, Hash};

use hashbrown::{DefaultHashBuilder, HashTable};

use crate::limits::Limits;

/// A text of [`Names`]; the default is the empty one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TextId(u32);

/// A stack of [`Names`]; the default has no frames.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct StackId(u32);

impl TextId {
    /// Whether this is the empty text.
    #[must_use]
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }

    pub(crate) fn row(self) -> u32 {
        self.0
    }

    pub(crate) fn of_row(row: u32) -> Self {
        Self(row)
    }
}

impl StackId {
    /// Whether this is the stack without frames.
    #[must_use]
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }

    pub(crate) fn row(self) -> u32 {
        self.0
    }

    pub(crate) fn of_row(row: u32) -> Self {
        Self(row)
    }
}

/// One call.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Frame {
    /// Address in the program; of an inlined call, that of the call it was copied into.
    pub address: u64,
    /// Its function.
    pub function: TextId,
    /// Its source file.
    pub file: TextId,
    /// Line being executed; 0 where unknown.
    pub line: u32,
}

/// Each text, frame and stack once.
pub struct Names {
    texts: Vec<Box<str>>,
    frames: Vec<Frame>,
    stack_ends: Vec<usize>,
    stack_frames: Vec<u32>,
    text_index: HashTable<u32>,
    frame_index: HashTable<u32>,
    stack_index: HashTable<u32>,
    hasher: DefaultHashBuilder,
    text_bytes: usize,
    most_text_bytes: usize,
    most_frames: usize,
    refused: u64,
}

impl Names {
    pub(crate) fn new(limits: &Limits) -> Self {
        Self {
            texts: vec!["".into()],
            frames: Vec::new(),
            stack_ends: vec![0],
            stack_frames: Vec::new(),
            text_index: HashTable::new(),
            frame_index: HashTable::new(),
            stack_index: HashTable::new(),
            hasher: DefaultHashBuilder::default(),
            text_bytes: 0,
            most_text_bytes: limits.text_bytes,
            most_frames: limits.stack_frames,
            refused: 0,
        }
    }

    /// A text.
    #[must_use]
    pub fn text(&self, id: TextId) -> &str {
        self.texts.get(id.0 as usize).map_or("", |text| text)
    }

    /// Frames of a stack, leaf first, inlined calls expanded.
    pub fn frames(&self, stack: StackId) -> impl DoubleEndedIterator<Item = &Frame> {
        let rows = self.rows(stack).iter();
        rows.filter_map(|&row| self.frames.get(row as usize))
    }

    /// Numbers of the frames of a stack in [`Names::all_frames`], leaf first.
    #[must_use]
    pub fn rows(&self, stack: StackId) -> &[u32] {
        let at = stack.0 as usize;
        let begin = at
            .checked_sub(1)
            .and_then(|before| self.stack_ends.get(before));
        match (begin, self.stack_ends.get(at)) {
            (Some(&begin), Some(&end)) => self.stack_frames.get(begin..end).unwrap_or_default(),
            _ => &[],
        }
    }

    /// All different frames.
    #[must_use]
    pub fn all_frames(&self) -> &[Frame] {
        &self.frames
    }

    /// Function that a stack begins with: of a goroutine's, what it was started for.
    #[must_use]
    pub fn root(&self, stack: StackId) -> TextId {
        let last = self.frames(stack).next_back();
        last.map_or(TextId::default(), |frame| frame.function)
    }

    /// Texts and stacks that had no room.
    pub(crate) fn refused(&self) -> u64 {
        self.refused
    }

    pub(crate) fn intern_text(&mut self, text: &str) -> TextId {
        if text.is_empty() {
            return TextId::default();
        }
        let hash = self.hasher.hash_one(text);
        let texts = &self.texts;
        let is_same = |&row: &u32| texts.get(row as usize).is_some_and(|one| **one == *text);
        if let Some(&row) = self.text_index.find(hash, is_same) {
            return TextId(row);
        }
        // A short text costs more than its bytes.
        let costs = text.len() + size_of::<Box<str>>();
        if self.text_bytes + costs > self.most_text_bytes {
            self.refused += 1;
            return TextId::default();
        }
        self.text_bytes += costs;
        let row = self.texts.len() as u32;
        self.texts.push(text.into());
        let (texts, hasher) = (&self.texts, &self.hasher);
        let hash_of = |&row: &u32| hasher.hash_one(&*texts[row as usize]);
        self.text_index.insert_unique(hash, row, hash_of);
        TextId(row)
    }

    /// Returns the stack of these frames, leaf first.
    pub(crate) fn intern_stack(&mut self, frames: &[Frame]) -> StackId {
        if frames.is_empty() {
            return StackId::default();
        }
        let known: Option<Vec<u32>> = frames.iter().map(|&one| self.intern_frame(one)).collect();
        let Some(rows) = known else {
            self.refused += 1;
            return StackId::default();
        };
        let hash = self.hasher.hash_one(rows.as_slice());
        let is_same = |&stack: &u32| *self.rows(StackId(stack)) == *rows;
        if let Some(&stack) = self.stack_index.find(hash, is_same) {
            return StackId(stack);
        }
        if self.stack_frames.len() + rows.len() > self.most_frames {
            self.refused += 1;
            return StackId::default();
        }
        let stack = self.stack_ends.len() as u32;
        self.stack_frames.extend_from_slice(&rows);
        self.stack_ends.push(self.stack_frames.len());
        let (ends, all, hasher) = (&self.stack_ends, &self.stack_frames, &self.hasher);
        let hash_of =
            |&row: &u32| hasher.hash_one(&all[ends[row as usize - 1]..ends[row as usize]]);
        self.stack_index.insert_unique(hash, stack, hash_of);
        StackId(stack)
    }

    /// None where there is no room.
    fn intern_frame(&mut self, frame: Frame) -> Option<u32> {
        let hash = hash_of(&self.hasher, &frame);
        let frames = &self.frames;
        let is_same = |&row: &u32| frames[row as usize] == frame;
        if let Some(&row) = self.frame_index.find(hash, is_same) {
            return Some(row);
        }
        if self.frames.len() >= self.most_frames {
            return None;
        }
        let row = self.frames.len() as u32;
        self.frames.push(frame);
        let (frames, hasher) = (&self.frames, &self.hasher);
        let rehash = |&row: &u32| hash_of(hasher, &frames[row as usize]);
        self.frame_index.insert_unique(hash, row, rehash);
        Some(row)
    }
}

fn hash_of(hasher: &DefaultHashBuilder, frame: &impl Hash) -> u64 {
    hasher.hash_one(frame)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(names: &mut Names, function: &str, line: u32) -> Frame {
        Frame {
            address: u64::from(line),
            function: names.intern_text(function),
            file: names.intern_text("a.go"),
            line,
        }
    }

    #[test]
    fn equal_texts_and_stacks_are_one() {
        let mut names = Names::new(&Limits::default());
        let leaf = frame(&mut names, "leaf", 3);
        let root = frame(&mut names, "root", 9);
        let stack = names.intern_stack(&[leaf, root]);
        assert_eq!(names.intern_stack(&[leaf, root]), stack);
        assert_ne!(names.intern_stack(&[root, leaf]), stack);
        assert_eq!(names.text(names.root(stack)), "root");
        assert_eq!(
            names.frames(stack).map(|one| one.line).collect::<Vec<_>>(),
            [3, 9]
        );
        assert_eq!(names.root(StackId::default()), TextId::default());
        assert_eq!(names.intern_stack(&[]), StackId::default());
        assert_eq!(names.all_frames().len(), 2);
    }

    #[test]
    fn what_has_no_room_is_empty_and_counted() {
        let limits = Limits {
            text_bytes: 50,
            stack_frames: 2,
            ..Limits::default()
        };
        let mut names = Names::new(&limits);
        let one = frame(&mut names, "one", 1);
        let full = names.intern_text("two");
        assert!(full.is_empty());
        assert!(!names.intern_stack(&[one]).is_empty());
        assert!(names.intern_stack(&[one, one]).is_empty());
        assert_eq!(names.refused(), 2);
    }
}
