//! The runtime's record of where the parts of a program are (`runtime.moduledata`): the beginning
//! of the code and, from it, of the inline trees.
//!
//! Its place has no name in stripped files and its layout changes between releases, so it is found
//! by what it must hold: a pointer to the table, followed by one to the names, and the addresses of
//! the first and the last instruction, followed by that of the code. The pointer to the inline trees
//! (`gofunc`) is the word behind them with which the trees of functions can be read.

use object::{Object, RelocationTarget};

use super::bytes::Layout;
use super::header::{Header, Version};
use super::{INLINE_ENTRY, Pclntab};
use crate::image::Image;

/// Words of the record that are looked at.
const WORDS: usize = 64;
/// From the first instruction's address to `gofunc`, in words: so in Go 1.20 to 1.26.
const TO_INLINE_TREES: usize = 20;
/// Functions whose trees a candidate for `gofunc` must explain.
const PROBES: usize = 64;

pub(super) struct ModuleData {
    /// Address of the first instruction.
    pub(super) text: u64,
    /// Words that may point to the inline trees, the likeliest first.
    candidates: Vec<u64>,
}

impl ModuleData {
    /// Finds the record that belongs to the table at `address`.
    pub(super) fn find(
        file: &object::File<'_>,
        image: &Image<'_>,
        address: u64,
        table: &[u8],
        header: &Header,
    ) -> Option<Self> {
        if header.version < Version::Go118 {
            return None;
        }
        let read = |words: Vec<u64>| Self::read(&words, address, table, header);
        in_memory(image, address, header.layout)
            .find_map(read)
            .or_else(|| {
                let starts = relocated(file, |offset, value| (value == address).then_some(offset));
                starts
                    .into_iter()
                    .find_map(|start| read(words_relocated(file, start, header.layout)))
            })
    }

    fn read(words: &[u64], address: u64, table: &[u8], header: &Header) -> Option<Self> {
        let entry = |number: usize| {
            let at = header.table + number * header.row_size();
            header.layout.u32(table, at).map(u64::from)
        };
        let (first, last) = (entry(0)?, entry(header.functions)?);
        if words.get(1) != Some(&address.checked_add(header.names as u64)?) {
            return None;
        }
        let begins = words.windows(3).position(|words| {
            let text = words[2];
            text != 0
                && text.checked_add(first) == Some(words[0])
                && text.checked_add(last) == Some(words[1])
        })?;
        let likely = words.get(begins + TO_INLINE_TREES).copied();
        let others = words.get(begins + 3..)?.iter().copied();
        Some(Self {
            text: words[begins + 2],
            candidates: likely.into_iter().chain(others).collect(),
        })
    }
}

/// Records that begin with this address, in the order of the file.
fn in_memory<'a>(
    image: &'a Image<'_>,
    address: u64,
    layout: Layout,
) -> impl Iterator<Item = Vec<u64>> + 'a {
    let size = layout.pointer;
    image.segments().iter().flat_map(move |segment| {
        let places = (0..segment.data.len()).step_by(size);
        places
            .filter(move |&at| layout.word(segment.data, at) == Some(address))
            .map(move |at| {
                let words =
                    (0..WORDS).map_while(|word| layout.word(segment.data, at + word * size));
                words.collect()
            })
    })
}

/// What `choose` makes of (place, value) of all pointers that the loader fills in.
fn relocated<T>(file: &object::File<'_>, choose: impl Fn(u64, u64) -> Option<T>) -> Vec<T> {
    let Some(relocations) = file.dynamic_relocations() else {
        return Vec::new();
    };
    let relative = relocations.filter(|(_, one)| one.target() == RelocationTarget::Absolute);
    relative
        .filter_map(|(place, one)| choose(place, one.addend().cast_unsigned()))
        .collect()
}

/// Words of a record whose pointers the loader fills in; all others count as 0.
fn words_relocated(file: &object::File<'_>, start: u64, layout: Layout) -> Vec<u64> {
    let size = layout.pointer as u64;
    let found = relocated(file, |place, value| {
        let word = place.checked_sub(start)? / size;
        (word < WORDS as u64).then_some((word as usize, value))
    });
    let mut words = vec![0; WORDS];
    for (word, value) in found {
        words[word] = value;
    }
    words
}

impl<'data> Pclntab<'data> {
    /// The first candidate with which the inline trees of functions can be read.
    pub(super) fn choose_trees(&self, module: &ModuleData, image: &Image<'data>) -> &'data [u8] {
        if self.header.version != Version::Go120 {
            return &[];
        }
        let functions = (0..self.header.functions).filter_map(|number| self.row(number));
        let probes: Vec<(u32, u64)> = functions
            .filter_map(|function| Some((self.tree_offset(&function)?, function.length)))
            .take(PROBES)
            .collect();
        let fits = |trees: &[u8]| {
            probes
                .iter()
                .all(|&(at, length)| self.is_tree(trees, at, length))
        };
        let places = module.candidates.iter().map(|&address| image.from(address));
        let mut fitting = places.filter(|trees| !trees.is_empty() && fits(trees));
        fitting.next().unwrap_or_default()
    }

    /// Whether a tree's first entry could be one: padding, a name, and a call within the function.
    fn is_tree(&self, trees: &[u8], at: u32, length: u64) -> bool {
        let layout = self.header.layout;
        let check = || {
            let entry = trees.get(at as usize..)?.get(..INLINE_ENTRY)?;
            let parent = u64::try_from(layout.i32(entry, 8)?).ok()?;
            let start_line = layout.i32(entry, 12)?;
            let name = self.name(layout.u32(entry, 4)?)?;
            Some(entry[1..4] == [0; 3] && parent < length && start_line >= 0 && name.contains('.'))
        };
        check().unwrap_or(false)
    }
}
